import * as automations from '../../../devin/endpoints/automations.ts';
import { recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { lists, organizationOf, rowOf } from '../../world/rows.ts';
import { shelf } from '../../world/shelf.ts';
import { Table } from '../../world/table.ts';

type Automation = Record<string, unknown> & { readonly automation_id: string };

const table = shelf(() => new Table<Automation>());

const SCHEMAS = {
  triggers: ['webhook:incoming', 'github:issues', 'slack:message'].map((type) => ({ type })),
  actions: ['start_session', 'message_session'].map((type) => ({ type })),
};

/** The documented list has no action for automations; this one comes nearest. */
const ACTION = 'update_org_settings';

/** Automations are kept, but start nothing. */
export const automationHandlers: readonly Handler[] = [
  lists(automations.listAutomations, { table, of: 'org_id' }),
  on(automations.listAutomationSchemas, (call) => {
    organizationOf(call);
    return SCHEMAS;
  }),
  on(automations.createAutomation, (call) => {
    const { world, body } = call;
    const { id: orgId } = organizationOf(call);
    const id = `automation-${world.seeded.hex('automation', table(world).next)}`;
    const seconds = Math.floor(world.now / 1000);
    const row = { enabled: true, ...body, automation_id: id, org_id: orgId, created_at: seconds, updated_at: seconds };
    recordChange(call, ACTION, orgId, { change: 'create_automation', automation_id: id });
    return table(world).add(id, orgId, row).value;
  }),
  on(automations.updateAutomation, (call) => {
    const { id: orgId } = organizationOf(call);
    const row = rowOf(table(call.world), call.param('automation_id'), orgId, 'Automation');
    row.value = {
      ...row.value,
      ...call.body,
      automation_id: row.id,
      org_id: orgId,
      updated_at: Math.floor(call.world.now / 1000),
    };
    recordChange(call, ACTION, orgId, { change: 'update_automation', automation_id: row.id });
    return row.value;
  }),
];
