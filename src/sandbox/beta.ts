import { isObject, list } from './json-schema.ts';

type Extra = (answer: Readonly<Record<string, unknown>>) => Record<string, unknown>;

const EXTRAS: Readonly<Record<string, Extra>> = {
  listOrganizations: ({ items }) => ({
    organizations: list(items)
      .filter(isObject)
      .map(({ org_id: id, name }) => ({ id, name })),
  }),
  getOrganization: ({ org_id: id }) => ({ id }),
  getEnterpriseSelf: ({ service_user_name: name, org_id: orgId }) => ({
    name,
    role: orgId === null ? 'admin' : 'member',
  }),
};

/** An answer under `/v3beta1`: besides what the reference lists, the fields that the documentation's examples read. */
export function withBetaFields(operationId: string, answer: unknown): unknown {
  const extra = EXTRAS[operationId];
  return extra && isObject(answer) ? { ...answer, ...extra(answer) } : answer;
}
