import { STATUS_CODES } from 'node:http';

/** One wrong field of a request, as the `errors` of a 422 list them. */
export interface FieldError {
  readonly loc: ReadonlyArray<string | number>;
  readonly msg: string;
  readonly type: string;
}

/** A refusal that becomes an RFC 9457 answer. */
export class Problem extends Error {
  readonly status: number;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly isBare: boolean;

  /** `detail` is one sentence for the caller; `errors` only for a 422; `isBare` for `{"detail": …}` and nothing else. */
  constructor(
    status: number,
    detail: string,
    more: { errors?: readonly FieldError[]; headers?: Record<string, string>; isBare?: boolean } = {},
  ) {
    super(detail);
    this.name = 'Problem';
    this.status = status;
    this.errors = more.errors;
    this.headers = more.headers ?? {};
    this.isBare = more.isBare ?? false;
  }
}

/** A 422 for wrong fields. */
export function invalid(errors: readonly FieldError[]): Problem {
  const detail = errors.map((error) => `${error.loc.join('.')}: ${error.msg}`).join('; ');
  return new Problem(422, detail, { errors });
}

/** A 422 for one wrong field. */
export function invalidField(loc: ReadonlyArray<string | number>, msg: string, type: string): Problem {
  return invalid([{ loc, msg, type }]);
}

/** The 403 of the field, which says nothing of the reason. */
export function unauthorized(): Problem {
  return new Problem(403, 'Unauthorized', { isBare: true });
}

/** A 404 for a thing that is not there. */
export function notFound(what: string): Problem {
  return new Problem(404, `${what} not found`);
}

/** What goes over the wire. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A JSON answer. */
export function json(body: unknown, status = 200): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) ?? 'null' };
}

/** A problem as v2 answers it: `detail` is a sentence or, of a 422, the list of wrong fields. */
function legacyReply({ status, message, errors, headers }: Problem): Reply {
  const reply = json({ detail: errors ?? message }, status);
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

/**
 * A problem as `application/problem+json`, or as v2 has it under its paths; `instance` is the path that was asked for.
 */
export function problemReply(problem: Problem, instance: string): Reply {
  if (problem.isBare || /^\/(beta\/)?v2\//.test(instance)) return legacyReply(problem);
  const { status, message, errors } = problem;
  const body = {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: message,
    instance,
    ...(errors && { errors }),
  };
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...problem.headers },
    body: JSON.stringify(body),
  };
}
