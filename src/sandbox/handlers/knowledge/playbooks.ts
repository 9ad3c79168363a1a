import type * as z from 'zod/mini';
import * as playbooks from '../../../devin/endpoints/playbooks.ts';
import { Problem } from '../../request/problem.ts';
import { checkSchema } from '../../views/output-schema.ts';
import { type Change, recordChange, userBehind } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { anyRow, isInReach, lists, organizationOf, removes, rowOf, shows } from '../../world/rows.ts';
import { beginningOf, DAY, seededOrganization } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { type Row, Table } from '../../world/table.ts';

/** A playbook as the API shows it. */
export type Playbook = z.input<ReturnType<typeof playbooks.Playbook>>;
type Request = z.output<ReturnType<typeof playbooks.PlaybookCreateRequest>>;

const SEED = [
  { org: null, title: 'Upgrade a dependency', macro: '!upgrade', body: 'Read the changelog. Upgrade. Run the tests.' },
  {
    org: null,
    title: 'Write a postmortem',
    macro: null,
    body: 'Collect the timeline, then the causes, then the fixes.',
  },
  { org: 0, title: 'Fix a failing build', macro: '!fix-build', body: 'Find the first failure. Reproduce it. Fix it.' },
  { org: 1, title: 'Check a pipeline', macro: '!pipeline', body: 'Compare the row counts of today and of last week.' },
];

/** The playbooks, those of the enterprise and of all organizations together. */
export const playbookTable = shelf((world) => {
  const table = new Table<Playbook>();
  const beginning = beginningOf(world.state);
  const author = world.state.counts.users > 0 ? `user-${world.seeded.hex('user', 0)}` : 'user-unknown';
  for (const { org, title, macro, body } of SEED) {
    const orgId = org === null ? null : seededOrganization(world, org)?.org_id;
    if (orgId === undefined) continue;
    const playbook_id = `playbook-${world.seeded.hex('playbook', table.next)}`;
    table.add(playbook_id, orgId, {
      playbook_id,
      title,
      body,
      macro,
      structured_output_schema: null,
      access_type: orgId === null ? 'enterprise' : 'org',
      org_id: orgId,
      created_by: author,
      updated_by: author,
      created_at: beginning + 120 * DAY + table.next,
      updated_at: beginning + 185 * DAY + table.next,
    });
  }
  return table;
});

/** @throws a 409 where another playbook that the same sessions see has the macro. */
function checkMacro(world: World, orgId: string | null, macro: string | null, self?: string): void {
  const taken = playbookTable(world)
    .all()
    .some(
      (row) =>
        row.id !== self &&
        macro !== null &&
        row.value.macro === macro &&
        isInReach(world, row) &&
        (row.orgId === null || orgId === null || row.orgId === orgId),
    );
  if (taken) throw new Problem(409, `There is a playbook with the macro ${macro} already`);
}

function written(change: Change, orgId: string | null, request: Request, self?: string) {
  const { structured_output_schema = null, macro = null } = request;
  checkSchema(structured_output_schema);
  checkMacro(change.world, orgId, macro, self);
  return {
    title: request.title,
    body: request.body,
    macro,
    structured_output_schema,
    updated_by: userBehind(change)?.id ?? change.caller.serviceUserId,
    updated_at: Math.floor(change.world.now / 1000),
  };
}

/** Adds a playbook; `orgId` is null for one of the enterprise. */
function createPlaybook(change: Change, orgId: string | null, request: Request): Row<Playbook> {
  const content = written(change, orgId, request);
  const table = playbookTable(change.world);
  const playbook_id = `playbook-${change.world.seeded.hex('playbook', table.next)}`;
  const row = table.add(playbook_id, orgId, {
    playbook_id,
    ...content,
    access_type: orgId === null ? 'enterprise' : 'org',
    org_id: orgId,
    created_by: content.updated_by,
    created_at: content.updated_at,
  });
  recordChange(change, 'create_playbook', orgId, { playbook_id, title: row.value.title });
  return row;
}

/** Replaces what a playbook says. */
function replacePlaybook(change: Change, row: Row<Playbook>, request: Request): Playbook {
  row.value = { ...row.value, ...written(change, row.orgId, request, row.id) };
  recordChange(change, 'update_playbook', row.orgId, { playbook_id: row.id, title: row.value.title });
  return row.value;
}

const any = { table: playbookTable, key: 'playbook_id', what: 'Playbook' } as const;
const ofOrg = { ...any, of: 'org_id' } as const;
const removal = { action: 'delete_playbook', data: ({ title }: Playbook) => ({ title }) };

/** The playbooks of the enterprise and of its organizations. */
export const playbookHandlers: readonly Handler[] = [
  lists(playbooks.listEnterprisePlaybooks, { table: playbookTable }),
  on(playbooks.createEnterprisePlaybook, (call) => createPlaybook(call, null, call.body).value),
  shows(playbooks.getEnterprisePlaybook, any),
  on(playbooks.updateEnterprisePlaybook, (call) =>
    replacePlaybook(
      call,
      anyRow(call.world, playbookTable(call.world), call.param('playbook_id'), any.what),
      call.body,
    ),
  ),
  removes(playbooks.deleteEnterprisePlaybook, { ...any, ...removal }),
  lists(playbooks.listOrgPlaybooks, { table: playbookTable, of: 'org_id' }),
  on(playbooks.createOrgPlaybook, (call) => createPlaybook(call, organizationOf(call).id, call.body).value),
  shows(playbooks.getOrgPlaybook, ofOrg),
  on(playbooks.updateOrgPlaybook, (call) => {
    const { id } = organizationOf(call);
    return replacePlaybook(call, rowOf(playbookTable(call.world), call.param('playbook_id'), id, any.what), call.body);
  }),
  removes(playbooks.deleteOrgPlaybook, { ...ofOrg, ...removal }),
];
