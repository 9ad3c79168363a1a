import type * as z from 'zod/mini';
import * as schedules from '../../../devin/endpoints/schedules.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { demand, existing, type Handler, on } from '../../world/handler.ts';
import { organizationOf, rowOf, shows } from '../../world/rows.ts';
import { sessionId } from '../../world/sessions.ts';
import type { World } from '../../world/state.ts';
import { playbookTable } from '../knowledge/playbooks.ts';
import { cronError } from './schedules-cron.ts';
import { blankSchedule, isoOf, type Schedule, scheduleTable } from './schedules-table.ts';

type UpdateRequest = z.output<ReturnType<typeof schedules.ScheduleUpdateRequest>>;

const DEFAULT_LIMIT = 200;
const PLATFORMS = ['linux', 'windows'];

/** Checks what a request says against the sandbox; fields that it leaves out are in order. */
function checkFields(world: World, orgId: string, { interval_count, platform, target_devin_id }: UpdateRequest): void {
  if (typeof interval_count === 'number' && interval_count < 1) {
    throw invalidField(['body', 'interval_count'], 'Input should be at least 1', 'too_small');
  }
  if (typeof platform === 'string' && !PLATFORMS.includes(platform.toLowerCase())) {
    throw new Problem(400, `Unrecognized platform "${platform}"; the available labels are ${PLATFORMS.join(', ')}`);
  }
  if (target_devin_id) rowOf(world.state.sessions, sessionId(target_devin_id), orgId, 'Session');
}

/** Checks when a schedule runs, as it is after the change. */
function checkTiming({ now }: World, schedule: Schedule, request: UpdateRequest): void {
  for (const { field, holds, message } of schedules.TIMING_RULES) {
    if (!holds(schedule)) throw invalidField(['body', field], message, 'custom');
  }
  const wrong = schedule.frequency ? cronError(schedule.frequency) : undefined;
  if (wrong !== undefined) throw invalidField(['body', 'frequency'], wrong, 'invalid_cron');
  const { scheduled_at: at } = request;
  if (schedule.schedule_type === 'one_time' && at && Date.parse(at) <= now) {
    throw invalidField(['body', 'scheduled_at'], 'Input should be in the future', 'past');
  }
}

function playbookOf(world: World, orgId: string, id: string | null | undefined): Schedule['playbook'] {
  if (!id) return null;
  const row = playbookTable(world).get(id);
  const reaches = row?.orgId === null || row?.orgId === orgId;
  const { playbook_id, title } = existing(reaches ? row : undefined, 'Playbook').value;
  return { playbook_id, title };
}

function record(call: Change, change: string, { org_id: orgId, scheduled_session_id }: Schedule): void {
  // The documented list has no action for schedules; this one comes nearest.
  recordChange(call, 'update_org_settings', orgId, { change, scheduled_session_id });
}

/** A user in whose name sessions run. @throws a 403 without the permission to do so, a 404 if there is no such user. */
function impersonated({ world, caller }: Change, userId: string): string {
  demand(caller, 'ImpersonateOrgSessions');
  return existing(world.state.users.get(userId), 'User').id;
}

/** What a request gives, null included, or else what was there. */
const or = <T>(given: T | undefined, before: T): T => (given === undefined ? before : given);

/** The schedule after a request. Null takes away what a schedule can do without; elsewhere it says nothing. */
function updated(schedule: Schedule, request: UpdateRequest): Schedule {
  const type = request.schedule_type ?? schedule.schedule_type;
  return {
    ...schedule,
    name: request.name ?? schedule.name,
    prompt: request.prompt ?? schedule.prompt,
    enabled: request.enabled ?? schedule.enabled,
    schedule_type: type,
    // A schedule goes by one of the two.
    frequency: type === 'one_time' ? null : or(request.frequency, schedule.frequency),
    scheduled_at: type === 'one_time' ? or(request.scheduled_at, schedule.scheduled_at) : null,
    interval_count: request.interval_count ?? schedule.interval_count,
    agent: request.agent ?? schedule.agent,
    platform: or(request.platform, schedule.platform),
    tags: or(request.tags, schedule.tags),
    target_devin_id: or(request.target_devin_id, schedule.target_devin_id),
    bypass_approval: request.bypass_approval ?? schedule.bypass_approval,
    notify_on: request.notify_on ?? schedule.notify_on,
    slack_channel_id: or(request.slack_channel_id, schedule.slack_channel_id),
    slack_team_id: or(request.slack_team_id, schedule.slack_team_id),
  };
}

/** Schedules. They are kept, but start no sessions. */
export const scheduleHandlers: readonly Handler[] = [
  on(schedules.listSchedules, (call) => {
    const { world, query } = call;
    const { id } = organizationOf(call);
    const rows = scheduleTable(world)
      .all()
      .filter((row) => row.orgId === id);
    const offset = query.offset ?? 0;
    const end = offset + (query.limit ?? DEFAULT_LIMIT);
    const items = rows.slice(offset, end).map((row) => row.value);
    // The envelope of a cursor-paged list, whose cursor no parameter takes.
    return { items, end_cursor: null, has_next_page: end < rows.length, total: rows.length };
  }),
  shows(schedules.getSchedule, { table: scheduleTable, key: 'schedule_id', of: 'org_id', what: 'Schedule' }),
  on(schedules.createSchedule, (call) => {
    const { world, caller, body } = call;
    const { id: orgId } = organizationOf(call);
    const { create_as_user_id: userId, playbook_id: playbookId, ...fields } = body;
    checkFields(world, orgId, fields);
    const made = isoOf(world.now);
    const created_by = userId ? impersonated(call, userId) : caller.serviceUserId;
    const playbook = playbookOf(world, orgId, playbookId);
    const blank = blankSchedule(world, orgId, { name: body.name, prompt: body.prompt, created_at: made, created_by });
    const schedule = { ...updated(blank, fields), playbook };
    checkTiming(world, schedule, fields);
    scheduleTable(world).add(schedule.scheduled_session_id, orgId, schedule);
    record(call, 'create_schedule', schedule);
    return schedule;
  }),
  on(schedules.updateSchedule, (call) => {
    const { world, caller, body } = call;
    const { id: orgId } = organizationOf(call);
    const row = rowOf(scheduleTable(world), call.param('schedule_id'), orgId, 'Schedule');
    checkFields(world, orgId, body);
    if (body.run_as_user_id) impersonated(call, body.run_as_user_id);
    const { playbook_id: playbookId } = body;
    const playbook = playbookId === undefined ? row.value.playbook : playbookOf(world, orgId, playbookId);
    const schedule = { ...updated(row.value, body), playbook };
    checkTiming(world, schedule, body);
    row.value = { ...schedule, updated_at: isoOf(world.now), last_edited_by: caller.serviceUserId };
    record(call, 'update_schedule', row.value);
    return row.value;
  }),
  on(schedules.deleteSchedule, (call) => {
    const { world } = call;
    const table = scheduleTable(world);
    const row = rowOf(table, call.param('schedule_id'), organizationOf(call).id, 'Schedule');
    table.remove(row.id);
    record(call, 'delete_schedule', row.value);
    return { ...row.value, enabled: false };
  }),
];
