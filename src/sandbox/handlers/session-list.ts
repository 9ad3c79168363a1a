import type * as z from 'zod/mini';
import { getSession, listSessionMessages, listSessions, type SessionQuery } from '../../devin/endpoints/sessions.ts';
import { existing, type Handler, on } from '../handler.ts';
import { pageOf } from '../page.ts';
import { momentOf } from '../session-life.ts';
import { messagesOf, repositoryName, type SessionRecord, sessionId } from '../sessions.ts';
import type { Row } from '../table.ts';
import { sessionOf, show } from './session-access.ts';

type Query = z.output<ReturnType<typeof SessionQuery>>;
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

function testsOf(query: Query, now: number): Test[] {
  const ids = query.session_ids && new Set(query.session_ids.map(sessionId));
  const repos = query.repo_names?.map((name) => repositoryName(name).toLowerCase());
  const archived = query.is_archived;
  return [
    ({ id }) => !ids || ids.has(id),
    ({ value }) => typeof archived !== 'boolean' || value.isArchived === archived,
    anyOf(query.tags, (record) => record.tags),
    anyOf(one(query.playbook_id), (record) => [record.request.playbook_id ?? null]),
    anyOf(query.origins, (record) => [record.origin]),
    anyOf(repos, ({ request }) => (request.repos ?? []).map((name) => repositoryName(name).toLowerCase())),
    anyOf(query.user_ids, (record) => [record.userId]),
    anyOf(query.service_user_ids, (record) => [record.serviceUserId]),
    // The sandbox has no schedules, automations, child sessions or categories: such a filter leaves nothing.
    anyOf(one(query.schedule_id), () => []),
    anyOf(query.automation_ids, () => []),
    anyOf(one(query.parent_session_id), () => []),
    anyOf(one(query.category), () => []),
    between(query.created_after, query.created_before, ({ value }) => value.created),
    between(query.updated_after, query.updated_before, ({ value }) => momentOf(value.steps, now).updatedAt),
  ];
}

/** Reads sessions and their messages. */
export const sessionListHandlers: readonly Handler[] = [
  on(listSessions, ({ world, query, param }) => {
    const organization = existing(world.state.organizations.get(param('org_id')), 'Organization');
    const tests = testsOf(query, world.now);
    const rows = world.state.sessions
      .all()
      .filter((row) => row.orgId === organization.id && tests.every((test) => test(row)));
    return pageOf(listSessions.id, rows, query, (row) => show(world, row), 'desc');
  }),
  on(getSession, (call) => show(call.world, sessionOf(call))),
  on(listSessionMessages, (call) => {
    const row = sessionOf(call);
    const messages = messagesOf(call.world.seeded, row.n, row.value, call.world.now);
    return pageOf(`${listSessionMessages.id}/${row.n}`, messages, call.query, (message) => message.view);
  }),
];
