/** Headers of a response, names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A whole response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** A response has more bytes than its request allows. */
export class TooLarge extends Error {
  override readonly name = 'TooLarge';
  /** What `content-length` promises, in bytes; undefined if it is not known. */
  readonly total: number | undefined;

  constructor(limit: number, total: number | undefined) {
    super(`the response has more than ${limit} bytes`);
    this.total = total;
  }
}

/** Collects the body of one response up to a limit in bytes. */
export class Body {
  readonly #limit: number;
  readonly #onBytes: ((done: number, total: number | undefined) => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #total: number | undefined;
  #bytes = 0;

  /** `onBytes` is told how many bytes have arrived, of how many if that is known. */
  constructor(limit: number, onBytes?: (done: number, total: number | undefined) => void) {
    this.#limit = limit;
    this.#onBytes = onBytes;
  }

  /** Reads the promised size, and throws `TooLarge` before the first byte if it is over the limit. */
  start(headers: Headers): void {
    const length = Number(headers['content-length'] ?? Number.NaN);
    this.#total = Number.isSafeInteger(length) ? length : undefined;
    if (this.#total !== undefined && this.#total > this.#limit) throw new TooLarge(this.#limit, this.#total);
  }

  /** Adds a piece, or throws `TooLarge`. */
  add(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limit) throw new TooLarge(this.#limit, this.#total);
    this.#chunks.push(chunk);
    this.#onBytes?.(this.#bytes, this.#total);
  }

  /** All bytes so far. */
  whole(): Buffer {
    return this.#chunks.length === 1 && this.#chunks[0] !== undefined ? this.#chunks[0] : Buffer.concat(this.#chunks);
  }
}
