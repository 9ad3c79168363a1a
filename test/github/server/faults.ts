/** What goes wrong with a request, instead of its answer. */
export interface Fault {
  /** Any method where absent. */
  readonly method?: string;
  /** Path below the API's root, with `*` for one segment; `/graphql` too. */
  readonly path: string;
  /** It hits only requests whose body has this text. */
  readonly body?: string;
  /** How many of its requests go well before it begins. */
  readonly skip?: number;
  /** How many requests it hits; one where absent. */
  readonly times?: number;
  readonly status?: number;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly lost?: 'reset' | 'hang' | 'truncate';
  /** The request is carried out before its answer is lost or replaced. */
  readonly afterCommit?: boolean;
  /** Seconds, for the header `retry-after`. */
  readonly retryAfter?: number;
}

/** Faults that wait for their requests. */
export class Faults {
  #waiting: { readonly fault: Fault; skip: number; left: number }[] = [];

  /** Adds a fault behind the others. */
  add(fault: Fault): void {
    this.#waiting.push({ fault, skip: fault.skip ?? 0, left: fault.times ?? 1 });
  }

  /** The fault for a request, used up by one. */
  take(method: string, path: string, body: string): Fault | undefined {
    const segments = path.split('/');
    const hit = this.#waiting.find(({ fault, left }) => {
      const wanted = fault.path.split('/');
      const fits = wanted.length === segments.length && wanted.every((one, at) => one === '*' || one === segments[at]);
      return left > 0 && fits && body.includes(fault.body ?? '') && [undefined, method].includes(fault.method);
    });
    if (hit === undefined) return undefined;
    if (hit.skip > 0) {
      hit.skip -= 1;
      return undefined;
    }
    hit.left -= 1;
    return hit.fault;
  }
}
