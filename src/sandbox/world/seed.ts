import { AuditLog } from './audit-log.ts';
import { CREDENTIALS } from './credentials.ts';
import type { Seeded } from './seeded.ts';
import { begin, type Ending, ended, type Life, split } from './session-life.ts';
import { repositoryOf, type SessionRecord, summaryOf } from './sessions.ts';
import type { Counts, State, World } from './state.ts';
import { Table } from './table.ts';

/** What a sandbox holds when it starts. */
export const DEFAULT_COUNTS: Counts = {
  organizations: 3,
  repositories: 40,
  permissions_per_org: 5,
  audit_logs: 300,
  audit_log_days: 7,
  users: 12,
  sessions: 8,
};

const ORGANIZATIONS = ['Engineering Team', 'Data Platform', 'Security'];

const REPOSITORIES = [
  ...['api', 'web-app', 'web-admin', 'web-legacy', 'docs', 'infra', 'mobile', 'design-system', 'data-pipeline'],
  ...['svc-auth', 'svc-billing', 'svc-search', 'svc-notify', 'platform-core', 'platform-cli', 'terraform-modules'],
];

const LANGUAGES = ['TypeScript', 'Python', 'Go', 'Rust', null];

/** Seconds of a day. */
export const DAY = 86_400;

type Organization = ReturnType<State['organizations']['all']>[number]['value'];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface PastSession {
  readonly title: string;
  readonly ending: Ending;
  readonly pullRequest?: true;
  readonly archived?: true;
  readonly terminated?: true;
}

const PAST_SESSIONS: readonly PastSession[] = [
  { title: 'Fix the flaky login test', ending: 'finish', pullRequest: true },
  { title: 'Update the dependencies', ending: 'finish' },
  { title: 'Migrate the build to the new runner', ending: 'error' },
  { title: 'Write tests for the billing service', ending: 'suspended:inactivity' },
  { title: 'Look into the slow search', ending: 'waiting' },
  { title: 'Remove the old feature flags', ending: 'slow', terminated: true },
  { title: 'Document the public API', ending: 'finish', pullRequest: true, archived: true },
  { title: 'Nightly health check', ending: 'suspended:out_of_credits' },
];

/** The id of the service user behind a credential. */
export function serviceUserId(seeded: Seeded, credential: (typeof CREDENTIALS)[number]): string {
  return `service-user-${seeded.hex('service-user', CREDENTIALS.indexOf(credential))}`;
}

/** The id of the nth organization, counted from 0. */
export function organizationId(seeded: Seeded, n: number): string {
  return `org-${seeded.hex('organization', n)}`;
}

/** When the first organization was made, in Unix seconds. */
export function beginningOf({ started }: Pick<State, 'started'>): number {
  return Math.floor(started / 1000) - 200 * DAY;
}

function organizationAt(seeded: Seeded, started: number, n: number): Organization {
  return {
    org_id: organizationId(seeded, n),
    name: ORGANIZATIONS[n] ?? `Organization ${n + 1}`,
    created_at: beginningOf({ started }) + n * 3600,
    updated_at: Math.floor(started / 1000) - 20 * DAY + n,
    max_cycle_acu_limit: n === 1 ? 500 : null,
    max_session_acu_limit: n === 2 ? 20 : null,
  };
}

/**
 * The nth organization, counted from 0, as the sandbox began with it, whatever became of it since, so that seed rows do
 * not depend on when they are first asked for. Undefined if there never were that many.
 */
export function seededOrganization({ seeded, state }: Pick<World, 'seeded' | 'state'>, n: number) {
  return n < state.counts.organizations ? organizationAt(seeded, state.started, n) : undefined;
}

/** The first steps of a session and what it says along the way. */
export function firstSteps(request: SessionRecord['request'], life: Life, created: number): SessionRecord['steps'] {
  const where = repositoryOf(request);
  const greeting = `I understood the task as "${summaryOf(request.prompt)}" and start in ${where}.`;
  return begin(life, created, { prompt: request.prompt, greeting, where });
}

function seedSession(
  seeded: Seeded,
  state: Pick<State, 'sessions'>,
  i: number,
  now: number,
  orgIds: readonly string[],
): void {
  const past = PAST_SESSIONS[i % PAST_SESSIONS.length];
  const orgId = orgIds[i % Math.max(1, orgIds.length)];
  if (!past || orgId === undefined) return;
  const life: Life = {
    ending: past.ending,
    finishAfter: 20 * MINUTE,
    pace: 1,
    pullRequest: past.pullRequest ?? false,
    output: 'none',
  };
  const created = now - (i + 2) * 5 * HOUR;
  const request = {
    prompt: `${past.title}.`,
    title: past.title,
    repos: [`acme/${REPOSITORIES[i % REPOSITORIES.length]}`],
  };
  let steps = firstSteps(request, life, created);
  if (past.terminated) {
    const at = created + 30 * MINUTE;
    steps = ended(split(steps, at, 0), at, 0);
  }
  state.sessions.add(`devin-${seeded.hex('session', state.sessions.next)}`, orgId, {
    request,
    life,
    created,
    acus: (1 + seeded.below(60, 'acus', i)) / 10,
    userId: null,
    serviceUserId: serviceUserId(seeded, 'cog_sandbox_enterprise'),
    origin: i % 3 === 2 ? 'webapp' : 'api',
    steps,
    hasReport: false,
    habits: {},
    tagChanges: [{ at: created, tags: i % 2 === 0 ? ['seed', 'nightly'] : ['seed'] }],
    isArchived: past.archived ?? false,
  });
}

function seedGit(seeded: Seeded, counts: Counts, seconds: number): Pick<State, 'connections' | 'repositories'> {
  const connections: State['connections'] = new Table();
  const repositories: State['repositories'] = new Table();
  const kinds = [
    { git_provider_type: 'github_app', name: 'acme-github-app', host: 'github.com' },
    { git_provider_type: 'gitlab_oauth', name: 'acme-gitlab', host: 'gitlab.example.com' },
  ];
  const [github, gitlab] = kinds.map((kind, i) => {
    const git_connection_id = `git-connection-${seeded.hex('connection', i)}`;
    return connections.add(git_connection_id, null, { git_connection_id, ...kind, created_at: seconds - 90 * 86_400 })
      .value;
  });
  for (let i = 0; i < counts.repositories; i += 1) {
    const isGitlab = i % 8 === 7;
    const connection = isGitlab ? gitlab : github;
    if (!connection) break;
    const index = isGitlab ? Math.floor(i / 8) : i - Math.floor(i / 8);
    const name = (isGitlab ? undefined : REPOSITORIES[index]) ?? `service-${String(index + 1).padStart(4, '0')}`;
    const id = String(100_000_000 + (seeded.word('repository', i) % 900_000_000));
    repositories.add(`${connection.git_connection_id}/${name}`, null, {
      provider_repository_id: id,
      git_connection_id: connection.git_connection_id,
      git_connection_host: connection.host,
      repo_name: name,
      repo_path: `${isGitlab ? 'acme-lab' : 'acme'}/${name}`,
      repo_description: i % 5 === 4 ? null : `The ${name} repository`,
      repo_language: LANGUAGES[i % LANGUAGES.length] ?? null,
      last_updated_at: i % 7 === 6 ? null : seconds - seeded.below(30 * 86_400, 'repository-time', i),
    });
  }
  return { connections, repositories };
}

/** A fresh state with the given counts, all of it before `now` (milliseconds). */
export function seedState(seeded: Seeded, counts: Counts, now: number): State {
  const seconds = Math.floor(now / 1000);
  const organizations: State['organizations'] = new Table();
  for (let i = 0; i < counts.organizations; i += 1) {
    const organization = organizationAt(seeded, now, i);
    organizations.add(organization.org_id, organization.org_id, organization);
  }
  const users: State['users'] = new Table();
  for (let i = 0; i < counts.users; i += 1) {
    const user_id = `user-${seeded.hex('user', i)}`;
    users.add(user_id, null, { user_id, name: `User ${i + 1}`, email: `user-${i + 1}@example.com` });
  }
  const orgIds = organizations.all().map((row) => row.id);
  const cast = {
    orgIds,
    users: users.all().map(({ id, value }) => ({ id, email: value.email })),
    serviceUser: { id: serviceUserId(seeded, 'cog_sandbox_enterprise'), name: 'Sandbox Enterprise' },
  };
  const audit = new AuditLog(seeded, cast, counts.audit_logs, counts.audit_log_days, now);
  const sessions: State['sessions'] = new Table();
  // The oldest first, because the list is read from its end.
  for (let i = counts.sessions - 1; i >= 0; i -= 1) seedSession(seeded, { sessions }, i, now, orgIds);
  const git = seedGit(seeded, counts, seconds);
  return { counts, started: now, organizations, users, ...git, sessions, files: new Table(), audit };
}
