import type { DocumentedOf } from '../../../devin/endpoint.ts';
import type { getSchedule } from '../../../devin/endpoints/schedules.ts';
import { seededOrganization, serviceUserId } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { Table } from '../../world/table.ts';

/** A schedule as the API shows it. */
export type Schedule = DocumentedOf<typeof getSchedule>;

const DAY = 86_400_000;

/** Milliseconds as the ISO date-time that schedules show. */
export const isoOf = (ms: number): string => new Date(ms).toISOString();

interface Basics {
  readonly name: string;
  readonly prompt: string;
  /** ISO date-time. */
  readonly created_at: string;
  readonly created_by: string | null;
}

/** The nth schedule ever, with every field that `basics` leaves open as it is by default. */
function nth({ seeded }: World, n: number, orgId: string, basics: Basics): Schedule {
  return {
    scheduled_session_id: `sched-${seeded.hex('schedule', n)}`,
    org_id: orgId,
    enabled: true,
    schedule_type: 'recurring',
    frequency: null,
    interval_count: 1,
    scheduled_at: null,
    agent: 'devin',
    playbook: null,
    platform: null,
    tags: null,
    target_devin_id: null,
    bypass_approval: false,
    notify_on: 'failure',
    slack_channel_id: null,
    slack_team_id: null,
    updated_at: basics.created_at,
    last_edited_by: null,
    last_executed_at: null,
    last_error_at: null,
    last_error_message: null,
    consecutive_failures: 0,
    ...basics,
  };
}

/** A schedule that is not kept yet. */
export const blankSchedule = (world: World, orgId: string, basics: Basics): Schedule =>
  nth(world, scheduleTable(world).next, orgId, basics);

/** The schedules of all organizations. */
export const scheduleTable = shelf((world) => {
  const schedules = new Table<Schedule>();
  const created_by = serviceUserId(world.seeded, 'cog_sandbox_enterprise');
  const midnight = world.now - (world.now % DAY);
  const add = (orgId: string, { name, prompt, ...rest }: Pick<Basics, 'name' | 'prompt'> & Partial<Schedule>) => {
    const schedule = { ...nth(world, schedules.next, orgId, { name, prompt, ...common }), ...rest };
    schedules.add(schedule.scheduled_session_id, orgId, schedule);
  };
  const common = { created_at: isoOf(midnight - 60 * DAY), created_by };
  const first = seededOrganization(world, 0);
  const second = seededOrganization(world, 1);
  if (first) {
    add(first.org_id, {
      name: 'Nightly dependency check',
      prompt: 'Look for outdated dependencies, and update what is safe to update.',
      frequency: '0 6 * * *',
      tags: ['nightly'],
      last_executed_at: isoOf(midnight - 18 * 3_600_000),
    });
    add(first.org_id, {
      name: 'Release preparation',
      prompt: 'Prepare the changelog of the next release.',
      schedule_type: 'one_time',
      scheduled_at: isoOf(midnight + 10 * DAY + 9 * 3_600_000),
    });
  }
  if (second) {
    add(second.org_id, {
      name: 'Weekly data quality report',
      prompt: 'Compare the row counts of this week with those of the last one.',
      frequency: '0 9 * * 1',
      agent: 'data_analyst',
      notify_on: 'always',
      last_executed_at: isoOf(midnight - 5 * DAY + 9 * 3_600_000),
      last_error_at: isoOf(midnight - 5 * DAY + 9 * 3_600_000),
      last_error_message: 'The warehouse could not be reached',
      consecutive_failures: 2,
    });
  }
  return schedules;
});
