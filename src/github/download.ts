import { ActionError } from '../contract/errors.ts';
import { type Fetch, pieces } from './fetch.ts';
import { Refusal } from './problem.ts';

/** A file up to this size is read whole. */
export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** How much is read of the end of a larger one. */
export const TAIL_BYTES = 1024 * 1024;
const PROGRESS_BYTES = 5 * 1024 * 1024;

/** A file, or its end. */
export interface Download {
  readonly bytes: Buffer;
  /** False where only the end was read. */
  readonly whole: boolean;
}

/** How to read a file. */
export interface ReadOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Told how much has come. */
  readonly onProgress: (done: string) => void;
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`;

async function open(send: Fetch, url: URL, options: ReadOptions, range?: string): Promise<Response> {
  const headers = { ...options.headers, 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) };
  const response = await send(url, { headers, signal: options.signal, redirect: 'manual' });
  if (response.ok) return response;
  await response.body?.cancel();
  const said = 'the address that GitHub redirected to has no such file';
  throw new Refusal({ status: response.status, headers: Object.fromEntries(response.headers), said });
}

/** Reads up to the limit; undefined where there is more. */
async function read(response: Response, { onProgress }: ReadOptions): Promise<Buffer | undefined> {
  const total = Number(response.headers.get('content-length') ?? 0);
  const all: Uint8Array[] = [];
  const reader = pieces(response, MAX_FILE_BYTES);
  let [bytes, told] = [0, 0];
  for (;;) {
    const { done, value } = await reader.next();
    if (done === true) return value ? undefined : Buffer.concat(all);
    all.push(value);
    bytes += value.length;
    if (bytes - told < PROGRESS_BYTES) continue;
    told = bytes;
    onProgress(total > 0 ? `${megabytes(bytes)} of ${megabytes(total)}` : megabytes(bytes));
  }
}

/** Reads a file whole if it is not too large, else its end if the server gives parts. */
export async function readFile(send: Fetch, url: URL, options: ReadOptions): Promise<Download> {
  const response = await open(send, url, options);
  const total = Number(response.headers.get('content-length') ?? 0);
  const bytes = total > MAX_FILE_BYTES ? undefined : await read(response, options);
  if (bytes !== undefined) return { bytes, whole: true };
  await response.body?.cancel();
  if (total > 0) {
    options.onProgress(`the file has ${megabytes(total)}; only its end is read`);
    const part = await open(send, url, options, `bytes=${total - TAIL_BYTES}-${total - 1}`);
    const tail = part.status === 206 ? await read(part, options) : undefined;
    if (tail !== undefined) return { bytes: tail, whole: false };
    await part.body?.cancel();
  }
  throw new ActionError(
    'api_rejected',
    `the file has more than ${megabytes(MAX_FILE_BYTES)}, and its server gives no parts of it`,
  );
}
