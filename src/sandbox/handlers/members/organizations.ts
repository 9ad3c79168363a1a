import type * as z from 'zod/mini';
import {
  createOrganization,
  deleteOrganization,
  getOrganization,
  listOrganizations,
  type OrganizationCreateRequest,
  updateOrganization,
} from '../../../devin/endpoints/organizations.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { lists, type OrganizationRow, organizationOf, removes, shows } from '../../world/rows.ts';
import { organizationId } from '../../world/seed.ts';
import type { World } from '../../world/state.ts';
import { organizationGroupHandlers } from './organizations-groups.ts';

const table = (world: World) => world.state.organizations;

function checkName(world: World, name: string, ownId?: string): void {
  if (name.trim() === '') throw invalidField(['body', 'name'], 'Input should not be blank', 'too_small');
  const namesake = table(world)
    .all()
    .find((row) => row.value.name === name && row.id !== ownId);
  if (namesake) throw new Problem(409, `An organization named "${name}" exists already: ${namesake.id}`);
}

/** Adds an organization; limits are in ACUs. */
export function addOrganization(
  change: Change,
  wanted: z.output<ReturnType<typeof OrganizationCreateRequest>>,
): OrganizationRow {
  const { world } = change;
  const seconds = Math.floor(world.now / 1000);
  const org_id = organizationId(world.seeded, table(world).next - 1);
  const row = table(world).add(org_id, org_id, {
    org_id,
    name: wanted.name,
    created_at: seconds,
    updated_at: seconds,
    max_cycle_acu_limit: wanted.max_cycle_acu_limit ?? null,
    max_session_acu_limit: wanted.max_session_acu_limit ?? null,
  });
  recordChange(change, 'create_org', org_id, { name: wanted.name });
  return row;
}

/**
 * The organizations of the enterprise, and their groups. What belongs to a deleted one stays where it is kept, but is
 * out of reach, because every path to it asks for the organization first.
 */
export const organizationHandlers: readonly Handler[] = [
  lists(listOrganizations, { table }),
  shows(getOrganization, { table, key: 'org_id', what: 'Organization' }),
  on(createOrganization, (call) => {
    checkName(call.world, call.body.name);
    return addOrganization(call, call.body).value;
  }),
  on(updateOrganization, (call) => {
    const { world, body } = call;
    const row = organizationOf(call);
    const name = body.name ?? row.value.name;
    checkName(world, name, row.id);
    const { max_cycle_acu_limit: cycle, max_session_acu_limit: session } = body;
    row.value = {
      ...row.value,
      name,
      updated_at: Math.floor(world.now / 1000),
      ...(cycle !== undefined && { max_cycle_acu_limit: cycle }),
      ...(session !== undefined && { max_session_acu_limit: session }),
    };
    recordChange(call, 'update_org', row.id, { ...body });
    return row.value;
  }),
  removes(deleteOrganization, {
    table,
    key: 'org_id',
    what: 'Organization',
    action: 'delete_org',
    data: ({ name }) => ({ name }),
  }),
  ...organizationGroupHandlers,
];
