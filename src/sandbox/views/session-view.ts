import { type Habits, resolveHabits } from '../../contract/habits.ts';
import type { Numbered } from '../request/page.ts';
import { type Moment, momentOf, type Step, shownSteps, split } from '../world/session-life.ts';
import {
  type MessageView,
  repositoryOf,
  type SessionRecord,
  type SessionView,
  sessionId,
  tagsOf,
} from '../world/sessions.ts';
import type { World } from '../world/state.ts';
import type { Row } from '../world/table.ts';
import { categoryOf } from './session-facts.ts';
import { oddly } from './session-odd.ts';
import { outputOf } from './session-output.ts';

/** What the API shows as the user of a session that a service user started. */
const BOT = 'bot_apk';
/** The share of a session's time in which it works. */
const WORK = 0.72;

/** How one session behaves: as the sandbox does, but for what its tags say. */
export function habitsOf({ settings, habits }: World, { habits: own }: SessionRecord): Habits {
  if (Object.keys(own).length === 0) return habits;
  return resolveHabits({ ...settings, set: { ...settings.set, ...own } });
}

/** The steps of a session until now, and those to come. */
export function courseOf(world: World, record: SessionRecord): ReturnType<typeof split> {
  return split(record.steps, world.now, habitsOf(world, record).sleep_ms);
}

/** Where a session stands now. */
export function standing(world: World, record: SessionRecord): Moment {
  return momentOf(courseOf(world, record).past, world.now);
}

/** ACUs in tenths, in step with the share of the work that is done. */
export function acusConsumed({ now }: World, record: SessionRecord): number {
  const { worked } = momentOf(record.steps, now);
  const share = Math.min(1, worked / Math.max(1, record.life.finishAfter * WORK));
  const cap = Math.min(record.acus, record.request.max_acu_limit ?? record.acus);
  return Math.floor(cap * share * 10 + 1e-6) / 10;
}

/** The ID of a session as responses contain it. */
export function shownId(habits: Habits, id: string): string {
  return habits.ids === 'bare' ? id.slice('devin-'.length) : id;
}

function pullRequestsOf(
  { request }: SessionRecord,
  n: number,
  { late_pull_requests_ms: late }: Habits,
  past: readonly Step[],
  now: number,
): SessionView['pull_requests'] {
  const opened = past.findIndex((step) => step.pullRequest);
  const isShown = opened >= 0 && (late === 0 || past.slice(opened).some((step) => step.ends && step.at + late <= now));
  if (!isShown) return [];
  return [{ pr_url: `https://github.com/${repositoryOf(request)}/pull/${n}`, pr_state: 'open' }];
}

/** A session as the API shows it now, before odd values. */
export function showSession(world: World, { id, orgId, n, value: record }: Row<SessionRecord>): SessionView {
  const { now } = world;
  const habits = habitsOf(world, record);
  const { past } = split(shownSteps(record.steps, record.life, now), now, habits.sleep_ms);
  const moment = momentOf(past, now);
  const isWorking = moment.status === 'running' && moment.detail === 'working';
  const { request } = record;
  return {
    session_id: shownId(habits, id),
    url: `https://app.devin.ai/sessions/${id.slice('devin-'.length)}`,
    status: moment.status,
    status_detail: moment.detail === 'finished' && habits.turn_end === 'waiting' ? 'waiting_for_user' : moment.detail,
    title: request.title ?? null,
    tags: [...tagsOf(record, now, habits.late_tags_ms)],
    org_id: orgId ?? '',
    user_id: record.userId ?? BOT,
    service_user_id: record.serviceUserId,
    created_at: Math.floor(record.created / 1000),
    updated_at: Math.floor((isWorking && habits.frozen_updated_at ? moment.since : moment.updatedAt) / 1000),
    acus_consumed: habits.zero_acus ? 0 : acusConsumed(world, record),
    pull_requests: pullRequestsOf(record, n, habits, past, now),
    structured_output: outputOf(record, habits, past, now),
    is_archived: record.isArchived,
    origin: record.origin,
    parent_session_id: null,
    child_session_ids: moment.status === 'new' ? null : [],
    playbook_id: request.playbook_id ?? null,
    automation_id: null,
    devin_mode: request.devin_mode ?? 'normal',
    category: categoryOf(request),
    subcategory: null,
  };
}

/** A session as a response contains it: with odd values, if it has that habit. */
export function show(world: World, row: Row<SessionRecord>): object {
  const session = showSession(world, row);
  return habitsOf(world, row.value).odd_fields ? oddly(world.seeded, row.n, session) : session;
}

/** The messages of a session that are shown now. A message keeps its number. */
export function messagesOf(
  world: World,
  { n, value: record }: Row<SessionRecord>,
): Array<Numbered & { readonly view: MessageView }> {
  const { seeded, now } = world;
  const late = habitsOf(world, record).late_messages_ms;
  const messages: Array<Numbered & { readonly view: MessageView }> = [];
  let number = 0;
  for (const step of shownSteps(record.steps, record.life, now)) {
    if (step.at > now || !step.message) continue;
    number += 1;
    if (step.ends && step.at + late > now) continue;
    const { source, text } = step.message;
    messages.push({
      n: number,
      view: {
        event_id: `event-${seeded.hex(`event-${number}`, n)}`,
        source,
        message: text,
        created_at: Math.floor(step.at / 1000),
        username: source === 'devin' ? 'Devin' : 'Service user',
        user_id: source === 'devin' ? null : (record.userId ?? BOT),
        origin: source === 'devin' ? 'devin' : 'api',
      },
    });
  }
  return messages;
}

/** Whether a list shows a session yet. */
export function isListed(world: World, { value }: Row<SessionRecord>): boolean {
  return value.created + habitsOf(world, value).late_lists_ms <= world.now;
}

/** Whether a session's ID is one that a path may contain. */
export function isPathId(habits: Habits, id: string): boolean {
  return habits.paths === 'any' || id === sessionId(id);
}
