import * as v3 from '../../../devin/endpoints/playbooks.ts';
import * as v2 from '../../../devin/endpoints/v2-playbooks.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import type { World } from '../../world/state.ts';
import { type Playbook, playbookHandlers, playbookTable } from '../knowledge/playbooks.ts';
import { iso, SUCCESS, viaV3 } from './view.ts';

function show({ seeded }: World, playbook: Playbook) {
  return {
    playbook_id: playbook.playbook_id,
    title: playbook.title,
    body: playbook.body,
    macro: playbook.macro,
    status: 'published',
    access: 'enterprise',
    account_id: `account-${seeded.hex('account', 0)}`,
    created_at: iso(playbook.created_at),
    updated_at: iso(playbook.updated_at),
  };
}

/** The playbooks of the enterprise as v2 shows them. */
export const v2PlaybookHandlers: readonly Handler[] = [
  on(v2.v2ListPlaybooks, ({ world }) =>
    playbookTable(world)
      .all()
      .filter(({ orgId }) => orgId === null)
      .map(({ value }) => show(world, value)),
  ),
  on(v2.v2CreatePlaybook, (call) => {
    return show(call.world, viaV3(playbookHandlers, v3.createEnterprisePlaybook, call, { body: call.body }));
  }),
  on(v2.v2UpdatePlaybook, (call) => {
    const row = playbookTable(call.world).get(call.param('playbook_id'));
    const { id, value } = existing(row?.orgId === null ? row : undefined, 'Playbook');
    // v2 knows no schema of structured output, so a change through it leaves that as it is.
    const body = { ...call.body, structured_output_schema: value.structured_output_schema };
    viaV3(playbookHandlers, v3.updateEnterprisePlaybook, call, { params: { playbook_id: id }, body });
    return SUCCESS;
  }),
];
