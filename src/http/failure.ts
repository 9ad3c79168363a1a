import { ActionError, type ErrorCode } from '../contract/errors.ts';

/** Why a request has no whole response. */
export type FailureKind = 'aborted' | 'timeout' | 'connection' | 'too_large';

/** A request without a whole response. Its message is one clause. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';
  readonly kind: FailureKind;
  /** False if no attempt left this machine, so that nothing can have been executed. */
  readonly left: boolean;

  constructor(kind: FailureKind, message: string, { left, cause }: { left: boolean; cause?: unknown }) {
    super(message, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.left = left;
  }
}

/** The error of a request that `dry_run` holds back. It is a closed gate, which does not fail the step. */
export const notSent = (method: string, path: string): ActionError =>
  new ActionError('gate_closed', `dry run: ${method} ${path} was not sent`, {
    title: 'Dry run: a request was not sent',
    fix: 'Set `dry_run: false` to send it.',
  });

const CODES: Readonly<Record<number, ErrorCode>> = {
  401: 'credential_invalid',
  403: 'permission_denied',
  404: 'not_found',
  408: 'api_unavailable',
  409: 'conflict',
  410: 'not_found',
  425: 'api_unavailable',
  429: 'rate_limited',
};

/** The code of a response outside of 2xx. */
export function codeOf(status: number): ErrorCode {
  const known = CODES[status];
  if (known !== undefined) return known;
  if (status >= 500) return 'api_unavailable';
  return status >= 400 ? 'api_rejected' : 'api_contract';
}

/** Whether a response leaves open if the request was executed: a gateway may give up on a server that still works. */
export const isUnclear = (status: number): boolean =>
  status === 408 || status === 425 || (status >= 500 && status !== 501);
