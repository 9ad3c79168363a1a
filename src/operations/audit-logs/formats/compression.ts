import { createGzip, createZstdCompress } from 'node:zlib';

/** How the files of an export are compressed. */
export type Compression = 'none' | 'gzip' | 'zstd';

/** What a compression adds to the name of a file. */
export const SUFFIXES: Readonly<Record<Compression, string>> = { none: '', gzip: '.gz', zstd: '.zst' };

/** Compresses a file piece by piece. The same pieces give the same bytes, on every system. */
export interface Compressor {
  /** Takes bytes; returns those that are ready. */
  write(bytes: Uint8Array): Promise<Uint8Array>;
  /** Returns the rest. */
  end(): Promise<Uint8Array>;
  /** Releases it before its end. */
  destroy(): void;
}

/** The byte of a gzip header that names the system, and its value for unknown. Its time is 0 already. */
const [GZIP_SYSTEM, UNKNOWN_SYSTEM] = [9, 255];

/** A compressor; undefined for none. */
export function openCompressor(compression: Compression): Compressor | undefined {
  if (compression === 'none') return undefined;
  const stream = compression === 'gzip' ? createGzip() : createZstdCompress();
  let ready: Buffer[] = [];
  let isFirst = true;
  let failure: Error | undefined;
  stream.on('error', (error: Error) => {
    failure = error;
  });
  stream.on('data', (chunk: Buffer) => ready.push(chunk));
  const take = () => {
    const bytes = Buffer.concat(ready);
    ready = [];
    if (isFirst && compression === 'gzip' && bytes.length > GZIP_SYSTEM) {
      bytes[GZIP_SYSTEM] = UNKNOWN_SYSTEM;
      isFirst = false;
    }
    return bytes;
  };
  const settle = (begin: (done: (error?: Error | null) => void) => void) =>
    new Promise<Uint8Array>((resolve, reject) => {
      if (failure !== undefined) reject(failure);
      else begin((error) => (error ? reject(error) : resolve(take())));
    });
  return {
    write: (bytes) => settle((done) => stream.write(bytes, done)),
    end: () =>
      settle((done) => {
        stream.once('end', () => done());
        stream.once('error', done);
        stream.end();
      }),
    destroy: () => stream.destroy(),
  };
}
