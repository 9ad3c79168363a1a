import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { listen } from '../devin/support.ts';
import { NODE_24, ROOT } from '../e2e/fake-runner.ts';

/** A certificate for devin.invalid.example and loopback that nobody trusts unless told to, valid until 2126. */
const TLS = join(import.meta.dirname, 'tls');
const HOST = 'devin.invalid.example';

/** A server that offers HTTP/2 and HTTP/1.1, and answers with the version that the client chose. */
const offersBoth = () =>
  createSecureServer(
    { cert: readFileSync(join(TLS, 'cert.pem')), key: readFileSync(join(TLS, 'key.pem')), allowHTTP1: true },
    (request, response) => response.end(JSON.stringify([request.httpVersion, request.headers.authorization ?? ''])),
  );

/** Sends one request with the project's client, in a process of its own that trusts the certificate. */
async function ask(origin: string, env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const script = `
    import { openTransport } from ${JSON.stringify(new URL('../../src/devin/transport.ts', import.meta.url).href)};
    const clock = { now: () => 0, sleep: async () => {}, deadline: (ms) => AbortSignal.timeout(ms), random: () => 0 };
    const transport = openTransport({
      origin: ${JSON.stringify(origin)}, token: 'cog_test_token', userAgent: 'devin-action/test', dryRun: false,
      maxRetries: 0, requestTimeoutMs: 20_000, deadlineAt: 1e9, concurrency: 2, clock, env: process.env,
      signal: new AbortController().signal, onRetry: () => {},
    });
    const { body } = await transport.send({ method: 'GET', path: '/v3/self' });
    console.log(body.toString());
    await transport.close();`;
  const { stdout } = await promisify(execFile)(NODE_24, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    env: { NODE_EXTRA_CA_CERTS: join(TLS, 'cert.pem'), ...env },
  });
  return JSON.parse(stdout);
}

describe('a server that offers HTTP/2 as well', () => {
  it('gets HTTP/1.1', async () => {
    const port = await listen(offersBoth());
    expect(await ask(`https://127.0.0.1:${port}`)).toEqual(['1.1', 'Bearer cog_test_token']);
  });

  it('gets HTTP/1.1 through a proxy too, which does not see the token', async () => {
    const port = await listen(offersBoth());
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push(`${request.url} ${request.headers.authorization ?? 'no token'}`);
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [socket, onward]) end.on('error', () => end.destroy());
    });
    // Without a scheme, as curl and the runner accept it.
    const https_proxy = `127.0.0.1:${await listen(proxy)}`;
    expect(await ask(`https://${HOST}`, { https_proxy })).toEqual(['1.1', 'Bearer cog_test_token']);
    expect(asked).toEqual([`${HOST}:443 no token`]);
  });
});
