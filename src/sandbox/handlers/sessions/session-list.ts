import type * as z from 'zod/mini';
import { getSession, listSessionMessages, listSessions, type SessionQuery } from '../../../devin/endpoints/sessions.ts';
import { type Page, type PageQuery, pageOf } from '../../request/page.ts';
import { categoryOf } from '../../views/session-facts.ts';
import { habitsOf, isListed, messagesOf, show, standing } from '../../views/session-view.ts';
import { type Handler, loosely } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import { type MessageView, repositoryName, type SessionRecord, sessionId, tagsOf } from '../../world/sessions.ts';
import type { World } from '../../world/state.ts';
import type { Row } from '../../world/table.ts';
import { sessionOf } from './session-access.ts';

/** Filters of a list of sessions; a list that has fewer leaves out some. */
export type SessionFilter = Partial<z.output<ReturnType<typeof SessionQuery>>>;

type Test = (row: Row<SessionRecord>) => boolean;

/** A test for a list filter: at least one of the row's values is asked for. An absent filter lets all through. */
function anyOf(
  wanted: readonly string[] | null | undefined,
  values: (record: SessionRecord) => readonly (string | null)[],
): Test {
  if (!wanted) return () => true;
  const set = new Set<string | null>(wanted);
  return ({ value }) => values(value).some((one) => set.has(one));
}

function between(
  low: number | null | undefined,
  high: number | null | undefined,
  ms: (row: Row<SessionRecord>) => number,
): Test {
  if (typeof low !== 'number' && typeof high !== 'number') return () => true;
  return (row) => {
    const at = Math.floor(ms(row) / 1000);
    return at >= (low ?? Number.NEGATIVE_INFINITY) && at <= (high ?? Number.POSITIVE_INFINITY);
  };
}

function one(wanted: string | null | undefined): readonly string[] | undefined {
  return typeof wanted === 'string' ? [wanted] : undefined;
}

function hasTag(world: World, record: SessionRecord, wanted: readonly string[] | null | undefined): boolean {
  const habits = habitsOf(world, record);
  if (!wanted || habits.tags_filter === 'ignored') return true;
  return tagsOf(record, world.now, habits.late_tags_ms).some((tag) => wanted.includes(tag));
}

function testsOf(world: World, query: SessionFilter): Test[] {
  const ids = query.session_ids && new Set(query.session_ids.map(sessionId));
  const repos = query.repo_names?.map((name) => repositoryName(name).toLowerCase());
  const archived = query.is_archived;
  return [
    ({ id }) => !ids || ids.has(id),
    ({ value }) => typeof archived !== 'boolean' || value.isArchived === archived,
    (row) => isListed(world, row),
    (row) => hasTag(world, row.value, query.tags),
    anyOf(one(query.playbook_id), (record) => [record.request.playbook_id ?? null]),
    anyOf(query.origins, (record) => [record.origin]),
    anyOf(repos, ({ request }) => (request.repos ?? []).map((name) => repositoryName(name).toLowerCase())),
    anyOf(query.user_ids, (record) => [record.userId]),
    anyOf(query.service_user_ids, (record) => [record.serviceUserId]),
    anyOf(one(query.category), (record) => [categoryOf(record.request)]),
    // The sandbox has no schedules, automations or child sessions: such a filter leaves nothing.
    anyOf(one(query.schedule_id), () => []),
    anyOf(query.automation_ids, () => []),
    anyOf(one(query.parent_session_id), () => []),
    between(query.created_after, query.created_before, ({ value }) => value.created),
    between(query.updated_after, query.updated_before, ({ value }) => standing(world, value).updatedAt),
  ];
}

/** The sessions that a list's filters let through, oldest first. */
export function sessionsWhere(world: World, filter: SessionFilter): Row<SessionRecord>[] {
  const tests = testsOf(world, filter);
  return world.state.sessions.all().filter((row) => tests.every((test) => test(row)));
}

/** One page of the messages of a session; `list` is the id of the endpoint that lists them. */
export function messagePage(world: World, list: string, row: Row<SessionRecord>, query: PageQuery): Page<MessageView> {
  return pageOf(`${list}/${row.n}`, messagesOf(world, row), query, (message) => message.view);
}

/** Reads sessions and their messages. */
export const sessionListHandlers: readonly Handler[] = [
  loosely(listSessions, (call) => {
    const { world, query } = call;
    const organization = organizationOf(call);
    const rows = sessionsWhere(world, query).filter((row) => row.orgId === organization.id);
    return pageOf(listSessions.id, rows, query, (row) => show(world, row), 'desc');
  }),
  loosely(getSession, (call) => show(call.world, sessionOf(call))),
  loosely(listSessionMessages, (call) => messagePage(call.world, listSessionMessages.id, sessionOf(call), call.query)),
];
