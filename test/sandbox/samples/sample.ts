import type { Bench } from '../support.ts';

/** What a request of one operation holds besides its path. */
export interface Sample {
  /** Path parameters that are special to this operation. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Requests that work on a fresh sandbox, for the operations of one group of resources. */
export interface Samples {
  /** Values of path parameters, by name: ids of things that exist, or that are made for the occasion. */
  readonly params: Readonly<Record<string, (bench: Bench) => Promise<string>>>;
  /** By operation id; an operation that needs neither query nor body has no entry. */
  readonly requests: Readonly<Record<string, (bench: Bench) => Promise<Sample> | Sample>>;
}
