import { ActionError } from '../contract/errors.ts';
import type { Devin } from '../devin/client.ts';
import type { ItemOf } from '../devin/endpoint.ts';
import { listOrganizations } from '../devin/endpoints/organizations.ts';
import { getSelf } from '../devin/endpoints/self.ts';

/** What is known of an organization. Limits are in ACUs; null is no limit, or one that may not be seen. */
export type VisibleOrganization = Pick<
  ItemOf<typeof listOrganizations>,
  'org_id' | 'name' | 'max_cycle_acu_limit' | 'max_session_acu_limit'
>;

/** The organizations that a credential for v3 sees. */
export interface Visible {
  readonly organizations: readonly VisibleOrganization[];
  /** True for the service user of one organization: it may not list them, but it knows its own. */
  readonly ownOnly: boolean;
}

/** Lists the organizations that the credential sees. Throws the refusal where it may neither list them nor has its own. */
export async function visibleOrganizations(devin: Devin): Promise<Visible> {
  try {
    const organizations: VisibleOrganization[] = [];
    for await (const row of devin.items(listOrganizations, { params: {}, query: { first: 200 } }))
      organizations.push(row);
    return { organizations, ownOnly: false };
  } catch (thrown) {
    if (!(thrown instanceof ActionError) || thrown.code !== 'permission_denied') throw thrown;
    const { org_id: id } = await devin.call(getSelf, { params: {} });
    if (typeof id !== 'string' || id === '') throw thrown;
    const own = { org_id: id, name: id, max_cycle_acu_limit: null, max_session_acu_limit: null };
    return { organizations: [own], ownOnly: true };
  }
}
