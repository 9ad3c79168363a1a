import { createSession } from '../../devin/endpoints/sessions.ts';
import { demand, existing, type Handler, on } from '../handler.ts';
import { outsideReferences } from '../json-schema.ts';
import { invalidField, Problem } from '../problem.ts';
import { firstSteps } from '../seed.ts';
import { LIFE_TAGS, type Life, lifeOf } from '../session-life.ts';
import type { SessionRequest } from '../sessions.ts';
import { record, show } from './session-access.ts';

const PLATFORMS = ['linux', 'windows', 'inherit'];
const MAX_SCHEMA_BYTES = 64 * 1024;
/** About what a short session uses. */
const ACUS = 2.4;

function checkSchema(schema: SessionRequest['structured_output_schema']): void {
  if (!schema) return;
  const loc = ['body', 'structured_output_schema'];
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_SCHEMA_BYTES) {
    throw invalidField(loc, 'The schema should be at most 64 KB', 'too_big');
  }
  const [outside] = outsideReferences(schema);
  if (outside !== undefined) {
    throw invalidField(loc, `The schema should be self-contained, but refers to ${outside}`, 'external_ref');
  }
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
  on(createSession, ({ world, caller, body, param }) => {
    const { state, seeded, now } = world;
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
    record(world, caller, row.orgId, 'create_session', { session_id: row.id });
    return show(world, row);
  }),
];
