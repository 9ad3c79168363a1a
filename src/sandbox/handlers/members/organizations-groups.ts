import type * as z from 'zod/mini';
import { getOrgGroupLimits, type OrgGroups, replaceOrgGroupLimits } from '../../../devin/endpoints/organizations.ts';
import { invalid } from '../../request/problem.ts';
import { recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { seededOrganization } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';

type Groups = z.input<ReturnType<typeof OrgGroups>>['groups'];

const kept = shelf<{ groups: Groups }>((world) => {
  const org_ids = [0, 1].flatMap((n) => seededOrganization(world, n)?.org_id ?? []);
  return { groups: { product: { max_cycle_acus: 1000, org_ids } } };
});

/** The groups, without organizations that have been deleted since. */
function show(world: World): { groups: Groups } {
  const groups = Object.entries(kept(world).groups).map(([name, { max_cycle_acus, org_ids }]) => {
    const here = org_ids.filter((id) => world.state.organizations.get(id));
    return [name, { max_cycle_acus: max_cycle_acus ?? null, org_ids: here }] as const;
  });
  return { groups: Object.fromEntries(groups) };
}

/** Groups of organizations that share a limit. */
export const organizationGroupHandlers: readonly Handler[] = [
  on(getOrgGroupLimits, ({ world }) => show(world)),
  on(replaceOrgGroupLimits, (call) => {
    const { world, body } = call;
    const unknown = Object.entries(body.groups).flatMap(([name, { org_ids }]) =>
      org_ids.flatMap((id, i) =>
        world.state.organizations.get(id)
          ? []
          : [
              {
                loc: ['body', 'groups', name, 'org_ids', i],
                msg: `There is no organization ${id}`,
                type: 'unknown_organization',
              },
            ],
      ),
    );
    if (unknown.length > 0) throw invalid(unknown);
    kept(world).groups = body.groups;
    recordChange(call, 'set_org_group_limits', null, { groups: Object.keys(body.groups) });
    return show(world);
  }),
];
