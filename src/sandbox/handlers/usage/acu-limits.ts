import type * as z from 'zod/mini';
import {
  type AcuLimit,
  deleteOrgDevinAcuLimit,
  listDevinAcuLimits,
  setOrgDevinAcuLimit,
} from '../../../devin/endpoints/consumption.ts';
import { pageOf } from '../../request/page.ts';
import { recordChange } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import { seededOrganization } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { Table } from '../../world/table.ts';

type Limit = z.input<ReturnType<typeof AcuLimit>>;

/** The documented list has no action for limits; this one comes nearest. */
const ACTION = 'update_org_settings';

/** Limits by organization. At the start, an organization that has a limit of its own has the same here. */
const limits = shelf((world: World) => {
  const table = new Table<Limit>();
  for (let i = 0; i < world.state.counts.organizations; i += 1) {
    const { org_id: id = '', max_cycle_acu_limit: acus = null } = seededOrganization(world, i) ?? {};
    if (acus !== null) table.add(id, id, limitOf(id, acus));
  }
  return table;
});

function limitOf(orgId: string, acus: number): Limit {
  return { scope: 'org', org_id: orgId, user_id: null, cycle_acu_limit: acus };
}

/** Limits of Devin ACUs per cycle and organization. */
export const acuLimitHandlers: readonly Handler[] = [
  on(listDevinAcuLimits, ({ world, query }) => {
    // A limit goes with its organization.
    const rows = limits(world)
      .all()
      .filter(({ id }) => world.state.organizations.get(id));
    return pageOf(listDevinAcuLimits.id, rows, query, (row) => row.value);
  }),
  on(setOrgDevinAcuLimit, (call) => {
    const { id } = organizationOf(call);
    const limit = limitOf(id, call.body.cycle_acu_limit);
    const row = limits(call.world).get(id);
    if (row) row.value = limit;
    else limits(call.world).add(id, id, limit);
    recordChange(call, ACTION, id, { change: 'set_acu_limit', cycle_acu_limit: limit.cycle_acu_limit });
    return null;
  }),
  on(deleteOrgDevinAcuLimit, (call) => {
    const { id } = organizationOf(call);
    existing(limits(call.world).remove(id), 'ACU limit');
    recordChange(call, ACTION, id, { change: 'delete_acu_limit' });
    return null;
  }),
];
