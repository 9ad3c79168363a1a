import { createServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { atEnd } from '../at-end.ts';

/** A proxy that makes tunnels. */
export interface TunnelProxy {
  readonly url: string;
  /** `host:port` of every tunnel. */
  readonly tunnels: readonly string[];
}

/** Starts a proxy that ends with the file's tests. Whatever host is asked for, its tunnels lead to the port on loopback. */
export async function tunnelProxy(port: number): Promise<TunnelProxy> {
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', (request, client: Socket, head) => {
    tunnels.push(request.url ?? '');
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      target.pipe(client).pipe(target);
    });
    keep(target);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  atEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return { url: `http://127.0.0.1:${address.port}`, tunnels };
}
