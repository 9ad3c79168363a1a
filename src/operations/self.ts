import type { Devin } from '../devin/client.ts';
import type { AnswerOf } from '../devin/endpoint.ts';
import { getSelf } from '../devin/endpoints/self.ts';

/** Who a credential is. */
export type Self = AnswerOf<typeof getSelf>;

const asked = new WeakMap<Devin, Promise<Self>>();

/** Who the credential of a client is; requested once, and again only after a failure. */
export function selfOf(devin: Devin): Promise<Self> {
  const known = asked.get(devin);
  if (known !== undefined) return known;
  const request = devin.call(getSelf, { params: {} });
  asked.set(devin, request);
  request.catch(() => asked.delete(devin));
  return request;
}
