import type { Answer, Ask, Bench } from './support.ts';

/** The personal key that v2 takes. */
export const as = 'apk_user_sandbox';

/** Asks under `/v2/enterprise/` with the personal key. */
export const v2 = (b: Bench, path: string, ask: Ask = {}): Promise<Answer> =>
  b.ask(`/v2/enterprise/${path}`, { as, ...ask });

/** Sends JSON there. */
export const send = (b: Bench, method: string, path: string, json: unknown): Promise<Answer> =>
  v2(b, path, { method, json });

/** The latest audit event, as v3 shows it. */
export async function lastEvent(b: Bench): Promise<Answer['body']> {
  return (await b.ask('/v3/enterprise/audit-logs?first=1')).body.items[0];
}
