import type { ApiVersion } from '../../devin/endpoint.ts';
import { isObject, list } from '../request/json-schema.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What a call says in words of the documentation's examples, put into those of the reference. */
interface Rewrite {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, string>>;
}

/** By version and operation: names that the examples use, and what the reference calls them. */
const REWRITES: Readonly<Record<string, Rewrite>> = {
  'v3beta1 createOrganization': { body: { acu_limit: 'max_cycle_acu_limit' } },
  'v2 v2CreateOrganization': { body: { name: 'display_name' } },
  'v2 v2ListSessionInsights': { query: { offset: 'skip' } },
  'v2 v2ListAuditLogs': { query: { start_date: 'after' } },
};

/** Where a page hid an address from harvesters, its example sends this text. */
const HIDDEN_EMAIL = /^\[email\sprotected\]$/;

function withEmails(body: Fields): Fields {
  const emails = list(body['emails']).map((email, i) =>
    typeof email === 'string' && HIDDEN_EMAIL.test(email) ? `invited-${i + 1}@example.com` : email,
  );
  return { ...body, emails };
}

/**
 * A call with the words of the documentation's examples put into those of the reference. What it says in both keeps the
 * reference's.
 */
export function fromExample(
  version: ApiVersion,
  operationId: string,
  call: { readonly query: URLSearchParams; readonly body: unknown },
): { readonly query: URLSearchParams; readonly body: unknown } {
  const rewrite = REWRITES[`${version} ${operationId}`];
  const query = new URLSearchParams(call.query);
  for (const [from, to] of Object.entries(rewrite?.query ?? {})) {
    const value = query.get(from);
    if (value !== null && !query.has(to)) query.set(to, value);
  }
  if (!isObject(call.body)) return { query, body: call.body };
  const body: Record<string, unknown> = { ...call.body };
  for (const [from, to] of Object.entries(rewrite?.body ?? {})) {
    if (Object.hasOwn(body, from) && !Object.hasOwn(body, to)) body[to] = body[from];
  }
  return { query, body: operationId === 'v2InviteMembers' && Array.isArray(body['emails']) ? withEmails(body) : body };
}

const objects = (value: unknown): readonly Fields[] => list(value).filter(isObject);

/** By version and operation: what the examples read of an answer and the reference does not list. */
const EXTRAS: Readonly<Record<string, (answer: Fields) => Fields>> = {
  'v3beta1 listOrganizations': ({ items }) => ({
    organizations: objects(items).map(({ org_id: id, name }) => ({ id, name })),
  }),
  'v3beta1 getOrganization': ({ org_id: id }) => ({ id }),
  'v3beta1 createOrganization': ({ org_id: id }) => ({ id }),
  'v3beta1 getEnterpriseSelf': ({ service_user_name: name, org_id: orgId }) => ({
    name,
    role: orgId === null ? 'admin' : 'member',
  }),
  'v2 v2GetOrganization': ({ org_id: id, org_name: name }) => ({ id, name }),
  'v2 v2CreateOrganization': ({ org_id: id, org_name: name }) => ({ id, name }),
  'v2 v2ListMembers': ({ items }) => {
    const members = objects(items).map((item) => ({ ...item, role: item['enterprise_role'] }));
    return { items: members, members };
  },
  'v2 v2InviteMembers': ({ invitee_user_id_to_email: invitees }) => ({
    invited: isObject(invitees) ? Object.values(invitees) : [],
  }),
  'v2 v2ListSessionInsights': ({ items }) => ({
    sessions: objects(items).map((item) => ({ ...item, id: item['session_id'], insight: item['session_analysis'] })),
  }),
  'v2 v2ListAuditLogs': ({ audit_logs: events }) => ({
    logs: objects(events).map((event) => ({
      ...event,
      timestamp: event['created_at'],
      actor: event['user_email'] ?? event['service_user_name'] ?? 'system',
    })),
  }),
};

/**
 * An answer under `/v3beta1` or `/v2`: besides what the reference lists, what the documentation's examples read.
 *
 * Where the two cannot be had at once, `preferred` gives the examples' own shape: billing cycles in an object, the
 * current one first, which the reference has as a bare array, the oldest first.
 */
export function forExample(version: ApiVersion, operationId: string, answer: unknown, preferred: boolean): unknown {
  if (operationId === 'v2ListConsumptionCycles' && preferred) return { cycles: [...list(answer)].reverse() };
  const extra = EXTRAS[`${version} ${operationId}`];
  return extra && isObject(answer) ? { ...answer, ...extra(answer) } : answer;
}
