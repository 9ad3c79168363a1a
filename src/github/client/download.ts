import { ActionError } from '../../contract/errors.ts';
import { type HttpResponse, TooLarge } from '../../http/body.ts';
import type { Http } from '../../http/exchange.ts';
import { RequestFailure } from '../../http/failure.ts';
import { sendTo } from './fetch.ts';
import { Refusal } from './problem.ts';

/** A file up to this size is read whole. */
export const MAX_FILE_BYTES = 20 * 1024 * 1024;
/** How much is read of the end of a larger one. */
export const TAIL_BYTES = 1024 * 1024;
const PROGRESS_BYTES = 5 * 1024 * 1024;

/** A file, or its end. */
export interface Download {
  readonly bytes: Buffer;
  /** False if only the end was read. */
  readonly whole: boolean;
}

/** How to read a file. */
export interface ReadOptions {
  readonly headers: Readonly<Record<string, string>>;
  /** Told how much has arrived. */
  readonly onProgress: (done: string) => void;
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(0)} MB`;

/** Says every few megabytes how much has arrived. */
function progress({ onProgress }: ReadOptions): (done: number, total: number | undefined) => void {
  let told = 0;
  return (done, total) => {
    if (done < told + PROGRESS_BYTES) return;
    told = done;
    onProgress(total === undefined ? megabytes(done) : `${megabytes(done)} of ${megabytes(total)}`);
  };
}

async function open(http: Http, url: URL, options: ReadOptions, range?: string): Promise<HttpResponse> {
  const headers = { ...options.headers, 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) };
  const limits = { maxBytes: MAX_FILE_BYTES, onBytes: progress(options) };
  const response = await sendTo(http, url, { method: 'GET', headers, ...limits });
  if (response.status >= 200 && response.status <= 299) return response;
  const said = 'the address that GitHub redirected to has no such file';
  throw new Refusal({ status: response.status, headers: response.headers, said });
}

/** The size of a file that is too large to be read, as far as the server says it; throws whatever else went wrong. */
function sizeOf(thrown: unknown): number {
  if (!(thrown instanceof RequestFailure) || !(thrown.cause instanceof TooLarge)) throw thrown;
  return thrown.cause.total ?? 0;
}

/** Reads a file whole if it is not too large, otherwise its end if the server gives parts. */
export async function readFile(http: Http, url: URL, options: ReadOptions): Promise<Download> {
  try {
    return { bytes: (await open(http, url, options)).body, whole: true };
  } catch (thrown) {
    const total = sizeOf(thrown);
    if (total > 0) {
      options.onProgress(`the file has ${megabytes(total)}; only its end is read`);
      const range = `bytes=${total - TAIL_BYTES}-${total - 1}`;
      const part = await open(http, url, options, range).catch((again: unknown) => void sizeOf(again));
      if (part?.status === 206) return { bytes: part.body, whole: false };
    }
    throw new ActionError(
      'api_rejected',
      `the file has more than ${megabytes(MAX_FILE_BYTES)}, and its server does not support partial downloads`,
    );
  }
}
