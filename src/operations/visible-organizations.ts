import { ActionError, type ErrorCode } from '../contract/errors.ts';
import type { Devin } from '../devin/client.ts';
import { listOrganizations } from '../devin/endpoints/organizations.ts';
import { getSelf } from '../devin/endpoints/self.ts';
import { LARGEST_PAGE } from '../devin/pagination.ts';

/** What is known of an organization. Limits are in ACUs; null is no limit, or one that may not be seen. */
export interface VisibleOrganization {
  readonly org_id: string;
  /** Its name, or its id if the response has no name. */
  readonly name: string;
  readonly max_cycle_acu_limit: number | null;
  readonly max_session_acu_limit: number | null;
}

/** The organizations that a credential for v3 sees. */
export interface Visible {
  /** Each once. */
  readonly organizations: readonly VisibleOrganization[];
  /** True for the service user of one organization: it may not list them, but it knows its own. */
  readonly ownOnly: boolean;
}

/** How the API says that a credential may not read something: which of them depends on the deployment. */
const REFUSALS: readonly ErrorCode[] = ['permission_denied', 'credential_invalid', 'not_found'];

/** Each organization once, in the order in which they came: two pages may repeat a row. */
export const eachOnce = <T extends { readonly org_id: string }>(rows: readonly T[]): T[] => [
  ...new Map(rows.map((row) => [row.org_id, row])).values(),
];

/** Lists the organizations that the credential sees. Throws the refusal if it may neither list them nor has its own. */
export async function visibleOrganizations(devin: Devin): Promise<Visible> {
  try {
    const found: VisibleOrganization[] = [];
    for await (const row of devin.items(listOrganizations, { params: {}, query: { first: LARGEST_PAGE } })) {
      const { org_id, name, max_cycle_acu_limit, max_session_acu_limit } = row;
      found.push({ org_id, name: name || org_id, max_cycle_acu_limit, max_session_acu_limit });
    }
    return { organizations: eachOnce(found), ownOnly: false };
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || !REFUSALS.includes(thrown.code)) throw thrown;
    const id = await ownOrganization(devin);
    if (id === undefined) throw thrown;
    const own = { org_id: id, name: id, max_cycle_acu_limit: null, max_session_acu_limit: null };
    return { organizations: [own], ownOnly: true };
  }
}

/** The organization to which the credential belongs. What fails here says less than the refusal that led here. */
async function ownOrganization(devin: Devin): Promise<string | undefined> {
  try {
    return (await devin.call(getSelf, { params: {} })).org_id || undefined;
  } catch (thrown) {
    if (thrown instanceof ActionError && REFUSALS.includes(thrown.code)) return undefined;
    throw thrown;
  }
}
