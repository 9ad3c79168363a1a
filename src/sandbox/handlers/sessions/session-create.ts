import { type Habits, resolveHabits } from '../../../contract/habits.ts';
import { createSession } from '../../../devin/endpoints/sessions.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { checkSchema } from '../../views/output-schema.ts';
import { show } from '../../views/session-view.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { demand, existing, type Handler, loosely } from '../../world/handler.ts';
import { firstSteps } from '../../world/seed.ts';
import { LIFE_TAGS, type Life, lifeOf } from '../../world/session-life.ts';
import type { SessionRecord, SessionRequest } from '../../world/sessions.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { playbookTable } from '../knowledge/playbooks.ts';
import { habitTags, isReport, keptTags } from './session-tags.ts';

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

function lifeFor(request: SessionRequest, { pace }: Habits): Life {
  const life = lifeOf(request.tags ?? [], { hasSchema: Boolean(request.structured_output_schema), pace });
  if (!('unknownTag' in life)) return life;
  const msg = `${life.unknownTag} is not a tag of the sandbox. Valid tags: ${LIFE_TAGS.join(', ')}`;
  throw invalidField(['body', 'tags'], msg, 'unknown_life');
}

function checkPlatform(platform: string | null | undefined): void {
  if (typeof platform !== 'string' || PLATFORMS.includes(platform)) return;
  throw new Problem(400, `Unrecognized platform "${platform}"; the available labels are ${PLATFORMS.join(', ')}`);
}

function checkRefused(request: SessionRequest, { refused_fields: refused }: Habits): void {
  const name = refused.find((field) => Object.hasOwn(request, field));
  if (name !== undefined) throw new Problem(400, `Unknown field "${name}" in the request body`);
}

/** Starts a session for the caller of a request. @throws a 422 for what a session cannot have. */
export function startSession(
  change: Change,
  orgId: string,
  asked: SessionRequest,
  { userId = null, origin = 'api' }: { readonly userId?: string | null; readonly origin?: string } = {},
): Row<SessionRecord> {
  const { world, caller } = change;
  const { state, seeded, settings, now } = world;
  const tags = asked.tags ?? [];
  const own = habitTags(tags);
  const habits = resolveHabits({ ...settings, set: { ...settings.set, ...own } });
  checkRefused(asked, habits);
  const body = withPlaybook(world, orgId, asked);
  checkSchema(body.structured_output_schema);
  const hasReport = isReport(body.structured_output_schema, tags);
  if (hasReport && habits.report === 'refused') {
    throw invalidField(['body', 'structured_output_schema'], 'Structured output is not available', 'unavailable');
  }
  const life = lifeFor(body, habits);
  const row = state.sessions.add(`devin-${seeded.hex('session', state.sessions.next)}`, orgId, {
    request: body,
    life,
    created: now,
    acus: ACUS,
    userId,
    serviceUserId: caller.serviceUserId,
    origin,
    hasReport,
    habits: own,
    steps: firstSteps(body, life, now),
    tagChanges: [{ at: now, tags: [...new Set(keptTags(tags, habits))] }],
    isArchived: false,
  });
  recordChange(change, 'create_session', row.orgId, { session_id: row.id });
  return row;
}

/** Starts sessions. */
export const sessionCreateHandlers: readonly Handler[] = [
  loosely(createSession, (call) => {
    const { world, caller, body, param } = call;
    checkPlatform(body.platform);
    const userId = body.create_as_user_id ?? null;
    if (userId !== null) demand(caller, 'ImpersonateOrgSessions');
    const organization = existing(world.state.organizations.get(param('org_id')), 'Organization');
    if (userId !== null) existing(world.state.users.get(userId), 'User');
    return show(world, startSession(call, organization.id, body, { userId }));
  }),
];
