import type * as z from 'zod/mini';
import * as sessions from '../../devin/endpoints/sessions.ts';
import { type Handler, on } from '../handler.ts';
import { invalidField, Problem } from '../problem.ts';
import { hasEnded, momentOf, stopped, touched, withMessage } from '../session-life.ts';
import type { SessionRecord, SessionView } from '../sessions.ts';
import type { Row } from '../table.ts';
import type { Change } from './changes.ts';
import { recordFor, sessionOf, show } from './session-access.ts';

const { MAX_TAGS } = sessions;
/** The documented list has no action for tags and the like; this one comes nearest. */
const SETTINGS = 'update_org_settings';

type MessageBody = z.output<ReturnType<typeof sessions.SessionMessageCreateRequest>>;

/** Sends a session a message. @throws a 409 for one that is archived or has ended. */
export function sendMessage(row: Row<SessionRecord>, change: Change, body: MessageBody): SessionView {
  const { value } = row;
  const { now } = change.world;
  if (value.isArchived) throw new Problem(409, 'The session is archived; unarchive it before sending a message');
  if (hasEnded(momentOf(value.steps, now))) throw new Problem(409, 'The session has ended and takes no more messages');
  const message = { text: body.message, attachments: body.attachment_urls ?? [] };
  value.steps = withMessage(value.steps, value.life, now, message);
  recordFor(row, change, 'send_message');
  return show(change.world, row);
}

/** Gives a session these tags and no others. @throws a 422 for too many. */
export function setTags(row: Row<SessionRecord>, change: Change, tags: readonly string[]): { tags: string[] } {
  const unique = [...new Set(tags)];
  if (unique.length > MAX_TAGS) {
    throw invalidField(['body', 'tags'], `A session should have at most ${MAX_TAGS} tags`, 'too_big');
  }
  row.value.tags = unique;
  row.value.steps = touched(row.value.steps, change.world.now);
  recordFor(row, change, SETTINGS, { change: 'session_tags', tags: unique });
  return { tags: unique };
}

/** Sends messages, ends, archives and tags sessions. */
export const sessionChangeHandlers: readonly Handler[] = [
  on(sessions.sendSessionMessage, (call) => sendMessage(sessionOf(call), call, call.body)),
  on(sessions.terminateSession, (call) => {
    const row = sessionOf(call);
    const { value } = row;
    const { now } = call.world;
    if (call.query.archive) value.isArchived = true;
    if (momentOf(value.steps, now).status !== 'exit') {
      value.steps = stopped(value.steps, now, 'exit', null);
      recordFor(row, call, 'terminate_session');
    }
    return show(call.world, row);
  }),
  on(sessions.archiveSession, (call) => {
    const row = sessionOf(call);
    const { value } = row;
    const { now } = call.world;
    const { status } = momentOf(value.steps, now);
    const rests = status === 'suspended' || status === 'exit' || status === 'error';
    if (!rests) value.steps = stopped(value.steps, now, 'suspended', 'user_request');
    else if (!value.isArchived) value.steps = touched(value.steps, now);
    if (!value.isArchived) recordFor(row, call, 'sleep_session', { archived: true });
    value.isArchived = true;
    return show(call.world, row);
  }),
  on(sessions.unarchiveSession, (call) => {
    const row = sessionOf(call);
    const { value } = row;
    if (value.isArchived) {
      value.steps = touched(value.steps, call.world.now);
      recordFor(row, call, SETTINGS, { change: 'unarchive_session' });
    }
    value.isArchived = false;
    return show(call.world, row);
  }),
  on(sessions.getSessionTags, (call) => ({ tags: [...sessionOf(call).value.tags] })),
  on(sessions.appendSessionTags, (call) => {
    const row = sessionOf(call);
    return setTags(row, call, [...row.value.tags, ...call.body.tags]);
  }),
  on(sessions.replaceSessionTags, (call) => setTags(sessionOf(call), call, call.body.tags)),
];
