import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';
import { open, optionalText, page, texts } from './shapes.ts';

/** Who works in the sessions of a schedule. */
export const AGENTS = ['devin', 'data_analyst'] as const;

/** The runs of a schedule that cause a notification. */
export const NOTIFY_ON = ['always', 'failure', 'never'] as const;

/** Whether a schedule runs again and again, or once. */
export const SCHEDULE_TYPES = ['recurring', 'one_time'] as const;

/** An ISO date-time with a time zone, or null. */
const optionalDateTime = () => z.nullish(z.iso.datetime({ offset: true }));

/** A schedule. Unlike elsewhere, times are ISO date-times. */
export const Schedule = lazy(() =>
  tolerant(
    {
      scheduled_session_id: z.string(),
      org_id: z.string(),
      name: z.string(),
      prompt: z.string(),
      enabled: z.boolean(),
      schedule_type: z.optional(open(SCHEDULE_TYPES)),
      frequency: z.nullable(z.string()),
      interval_count: z.optional(z.int()),
      scheduled_at: optionalText(),
      agent: open(AGENTS),
      playbook: z.nullable(tolerant({ playbook_id: z.string(), title: z.nullable(z.string()) }, ['playbook_id'])),
      platform: optionalText(),
      tags: texts(),
      target_devin_id: optionalText(),
      bypass_approval: z.optional(z.boolean()),
      notify_on: open(NOTIFY_ON),
      slack_channel_id: optionalText(),
      slack_team_id: optionalText(),
      created_at: z.string(),
      created_by: z.nullable(z.string()),
      updated_at: z.string(),
      last_edited_by: optionalText(),
      last_executed_at: z.nullable(z.string()),
      last_error_at: z.nullable(z.string()),
      last_error_message: z.nullable(z.string()),
      consecutive_failures: z.int(),
    },
    ['scheduled_session_id'],
  ),
);

/** What decides when a schedule runs, and where. */
interface Timing {
  readonly schedule_type?: string | null | undefined;
  readonly frequency?: string | null | undefined;
  readonly scheduled_at?: string | null | undefined;
  readonly target_devin_id?: string | null | undefined;
}

/** A rule of a schedule's timing: the field that breaks it, and what to say then. */
export interface TimingRule {
  readonly field: keyof Timing;
  readonly message: string;
  readonly holds: (timing: Timing) => boolean;
}

/** What has to be given for each type of schedule. */
export const TIMING_RULES: readonly TimingRule[] = [
  {
    field: 'frequency',
    message: 'A recurring schedule needs a cron expression',
    holds: ({ schedule_type: type, frequency }) => type === 'one_time' || Boolean(frequency),
  },
  {
    field: 'scheduled_at',
    message: 'A one_time schedule needs a time',
    holds: ({ schedule_type: type, scheduled_at: at }) => type !== 'one_time' || Boolean(at),
  },
  {
    field: 'target_devin_id',
    message: 'Only a one_time schedule can write to an existing session',
    holds: ({ schedule_type: type, target_devin_id: target }) => type === 'one_time' || !target,
  },
];

/**
 * The body of `createSchedule`. `frequency` is a cron expression with five fields, of which every `interval_count`th
 * occurrence counts; `scheduled_at` is in the future; `target_devin_id` is a session that gets the prompt as a message.
 */
export const ScheduleCreateRequest = lazy(() =>
  z
    .strictObject({
      name: z.string(),
      prompt: z.string(),
      schedule_type: z.optional(z.enum(SCHEDULE_TYPES)),
      frequency: optionalText(),
      interval_count: z.optional(z.int()),
      scheduled_at: optionalDateTime(),
      agent: z.optional(z.enum(AGENTS)),
      playbook_id: optionalText(),
      platform: optionalText(),
      tags: texts(),
      target_devin_id: optionalText(),
      bypass_approval: z.optional(z.boolean()),
      create_as_user_id: optionalText(),
      notify_on: z.optional(z.enum(NOTIFY_ON)),
      slack_channel_id: optionalText(),
      slack_team_id: optionalText(),
    })
    .check(
      ...TIMING_RULES.map(({ field, message, holds }) => z.refine<Timing>(holds, { error: message, path: [field] })),
    ),
);

/**
 * The body of `updateSchedule`. A field that is left out stays. `run_as_user_id` needs ImpersonateOrgSessions; null
 * gives the schedule back to the bot user.
 */
export const ScheduleUpdateRequest = lazy(() =>
  z.strictObject({
    name: optionalText(),
    prompt: optionalText(),
    enabled: z.nullish(z.boolean()),
    schedule_type: z.nullish(z.enum(SCHEDULE_TYPES)),
    frequency: optionalText(),
    interval_count: z.nullish(z.int()),
    scheduled_at: optionalDateTime(),
    agent: z.nullish(z.enum(AGENTS)),
    playbook_id: optionalText(),
    platform: optionalText(),
    tags: texts(),
    target_devin_id: optionalText(),
    bypass_approval: z.nullish(z.boolean()),
    run_as_user_id: optionalText(),
    notify_on: z.nullish(z.enum(NOTIFY_ON)),
    slack_channel_id: optionalText(),
    slack_team_id: optionalText(),
  }),
);

/** Answers like a cursor-paged list, yet takes `limit` and `offset`. https://docs.devin.ai/api-reference/v3/schedules */
export const listSchedules = endpoint('listSchedules', 'GET /v3/organizations/{org_id}/schedules', {
  summary: 'List the schedules of an organization',
  permission: ['ManageOrgSchedules'],
  paging: 'limit-offset',
  query: lazy(() =>
    z.strictObject({
      limit: z.optional(z.int().check(z.gte(1), z.lte(200))),
      offset: z.optional(z.int().check(z.gte(0))),
    }),
  ),
  answer: page(Schedule),
  beta: true,
});

/** One schedule. */
export const getSchedule = endpoint('getSchedule', 'GET /v3/organizations/{org_id}/schedules/{schedule_id}', {
  summary: 'Show one schedule',
  permission: ['ManageOrgSchedules'],
  answer: Schedule,
});

/** Creates a schedule, which is enabled at once. */
export const createSchedule = endpoint('createSchedule', 'POST /v3/organizations/{org_id}/schedules', {
  summary: 'Create a schedule',
  permission: ['ManageOrgSchedules'],
  body: ScheduleCreateRequest,
  answer: Schedule,
});

/** Changes a schedule, or switches it on or off by `enabled`. */
export const updateSchedule = endpoint('updateSchedule', 'PATCH /v3/organizations/{org_id}/schedules/{schedule_id}', {
  summary: 'Change a schedule',
  permission: ['ManageOrgSchedules'],
  body: ScheduleUpdateRequest,
  answer: Schedule,
});

/** Deletes a schedule; the answer shows it for the last time. */
export const deleteSchedule = endpoint('deleteSchedule', 'DELETE /v3/organizations/{org_id}/schedules/{schedule_id}', {
  summary: 'Delete a schedule',
  permission: ['ManageOrgSchedules'],
  answer: Schedule,
});
