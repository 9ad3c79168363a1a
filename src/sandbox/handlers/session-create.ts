import { createSession } from '../../devin/endpoints/sessions.ts';
import { demand, existing, type Handler, on } from '../handler.ts';
import { checkSchema } from '../output-schema.ts';
import { invalidField, Problem } from '../problem.ts';
import { firstSteps } from '../seed.ts';
import { LIFE_TAGS, type Life, lifeOf } from '../session-life.ts';
import type { SessionRequest } from '../sessions.ts';
import type { World } from '../state.ts';
import { recordChange } from './changes.ts';
import { playbookTable } from './playbooks.ts';
import { show } from './session-access.ts';

const PLATFORMS = ['linux', 'windows', 'inherit'];
/** About what a short session uses. */
const ACUS = 2.4;

/** A request with the schema of the playbook that it names, unless it brings its own. A playbook that is unknown has none. */
function withPlaybook(world: World, orgId: string, request: SessionRequest): SessionRequest {
  const playbook = playbookTable(world).get(request.playbook_id ?? '');
  const isInReach = playbook && (playbook.orgId === null || playbook.orgId === orgId);
  const schema = isInReach ? playbook.value.structured_output_schema : null;
  return schema && !request.structured_output_schema ? { ...request, structured_output_schema: schema } : request;
}

function lifeFor(request: SessionRequest): Life {
  const life = lifeOf(request.tags ?? [], Boolean(request.structured_output_schema));
  if (!('unknownTag' in life)) return life;
  const msg = `${life.unknownTag} names no life that the sandbox knows: ${LIFE_TAGS.join(', ')}`;
  throw invalidField(['body', 'tags'], msg, 'unknown_life');
}

function checkPlatform(platform: string | null | undefined): void {
  if (typeof platform !== 'string' || PLATFORMS.includes(platform)) return;
  throw new Problem(400, `Unrecognized platform "${platform}"; the available labels are ${PLATFORMS.join(', ')}`);
}

/** Starts sessions. */
export const sessionCreateHandlers: readonly Handler[] = [
  on(createSession, ({ world, caller, body: asked, param }) => {
    const { state, seeded, now } = world;
    const body = withPlaybook(world, param('org_id'), asked);
    checkSchema(body.structured_output_schema);
    const life = lifeFor(body);
    checkPlatform(body.platform);
    const userId = body.create_as_user_id ?? null;
    if (userId !== null) demand(caller, 'ImpersonateOrgSessions');
    const organization = existing(state.organizations.get(param('org_id')), 'Organization');
    if (userId !== null) existing(state.users.get(userId), 'User');
    const row = state.sessions.add(`devin-${seeded.hex('session', state.sessions.next)}`, organization.id, {
      request: body,
      life,
      created: now,
      acus: ACUS,
      userId,
      serviceUserId: caller.serviceUserId,
      origin: 'api',
      steps: firstSteps(body, life, now),
      tags: [...new Set(body.tags ?? [])],
      isArchived: false,
    });
    recordChange({ world, caller }, 'create_session', row.orgId, { session_id: row.id });
    return show(world, row);
  }),
];
