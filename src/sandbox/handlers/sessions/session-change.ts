import type * as z from 'zod/mini';
import * as sessions from '../../../devin/endpoints/sessions.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { courseOf, habitsOf, show } from '../../views/session-view.ts';
import type { Change } from '../../world/changes.ts';
import { type Handler, loosely, on } from '../../world/handler.ts';
import { ended, hasEnded, momentOf, suspended, touched, withMessage } from '../../world/session-life.ts';
import { type SessionRecord, tagsOf } from '../../world/sessions.ts';
import type { Row } from '../../world/table.ts';
import { recordFor, sessionOf } from './session-access.ts';
import { keptTags } from './session-tags.ts';

const { MAX_TAGS } = sessions;
/** The documented list has no action for tags and the like; this one comes nearest. */
const SETTINGS = 'update_org_settings';

type MessageBody = z.output<ReturnType<typeof sessions.SessionMessageCreateRequest>>;

/** Sends a session a message. @throws a 409 for one that is archived or has ended. */
export function sendMessage(row: Row<SessionRecord>, change: Change, body: MessageBody): object {
  const { value } = row;
  const { now } = change.world;
  const course = courseOf(change.world, value);
  if (value.isArchived) throw new Problem(409, 'The session is archived; unarchive it before sending a message');
  if (hasEnded(momentOf(course.past, now))) throw new Problem(409, 'The session has ended and takes no more messages');
  const message = { text: body.message, attachments: body.attachment_urls ?? [] };
  value.steps = withMessage(course, value.life, now, message);
  recordFor(row, change, 'send_message');
  return show(change.world, row);
}

/** Gives a session these tags and no others. @throws a 422 for too many. */
export function setTags(row: Row<SessionRecord>, change: Change, tags: readonly string[]): { tags: string[] } {
  const { world } = change;
  const habits = habitsOf(world, row.value);
  const unique = [...new Set(keptTags(tags, habits))];
  if (unique.length > MAX_TAGS) {
    throw invalidField(['body', 'tags'], `A session should have at most ${MAX_TAGS} tags`, 'too_big');
  }
  row.value.tagChanges = [...row.value.tagChanges, { at: world.now, tags: unique }];
  row.value.steps = touched(courseOf(world, row.value), world.now);
  recordFor(row, change, SETTINGS, { change: 'session_tags', tags: unique });
  return { tags: unique };
}

/** Adds tags to those of a session; those already there stay once. */
export function addTags(row: Row<SessionRecord>, change: Change, tags: readonly string[]): { tags: string[] } {
  return setTags(row, change, [...tagsOf(row.value, change.world.now), ...tags]);
}

/** The tags of a session, as a response contains them. */
export function shownTags({ world }: Pick<Change, 'world'>, { value }: Row<SessionRecord>): { tags: string[] } {
  return { tags: [...tagsOf(value, world.now, habitsOf(world, value).late_tags_ms)] };
}

/** Sends messages, ends, archives and tags sessions. */
export const sessionChangeHandlers: readonly Handler[] = [
  loosely(sessions.sendSessionMessage, (call) => sendMessage(sessionOf(call), call, call.body)),
  loosely(sessions.terminateSession, (call) => {
    const row = sessionOf(call);
    const { value } = row;
    const { now } = call.world;
    if (call.query.archive) value.isArchived = true;
    const course = courseOf(call.world, value);
    if (momentOf(course.past, now).status !== 'exit') {
      value.steps = ended(course, now, habitsOf(call.world, value).delete_ms);
      recordFor(row, call, 'terminate_session');
    }
    return show(call.world, row);
  }),
  loosely(sessions.archiveSession, (call) => {
    const row = sessionOf(call);
    const { value } = row;
    const { now } = call.world;
    const course = courseOf(call.world, value);
    const { status } = momentOf(course.past, now);
    const rests = status === 'suspended' || status === 'exit' || status === 'error';
    if (!rests) value.steps = suspended(course, now, 'user_request');
    else if (!value.isArchived) value.steps = touched(course, now);
    if (!value.isArchived) recordFor(row, call, 'sleep_session', { archived: true });
    value.isArchived = true;
    return show(call.world, row);
  }),
  loosely(sessions.unarchiveSession, (call) => {
    const row = sessionOf(call);
    const { value } = row;
    if (value.isArchived) {
      value.steps = touched(courseOf(call.world, value), call.world.now);
      recordFor(row, call, SETTINGS, { change: 'unarchive_session' });
    }
    value.isArchived = false;
    return show(call.world, row);
  }),
  on(sessions.getSessionTags, (call) => shownTags(call, sessionOf(call))),
  on(sessions.appendSessionTags, (call) => addTags(sessionOf(call), call, call.body.tags)),
  on(sessions.replaceSessionTags, (call) => setTags(sessionOf(call), call, call.body.tags)),
];
