import { apiUrl } from './api-url.ts';
import {
  associations,
  bool,
  botNames,
  choice,
  duration,
  id,
  instant,
  integer,
  type Kind,
  key,
  keyValues,
  line,
  list,
  organizations,
  path,
  phrase,
  removalLimit,
  sessionId,
  sha256,
  shard,
  text,
} from './kinds.ts';

/** One input of the action. `default` is in the form in which a workflow would write it. */
export interface Input<T = unknown, Absent = undefined> {
  readonly kind: Kind<T>;
  /** What it means, for action.yml and the README. */
  readonly summary: string;
  readonly default?: string;
  /** What action.yml has as the default, where only the runner can fill it in. */
  readonly filledIn?: string;
  /** Environment variables that stand in for an empty input. */
  readonly env?: readonly string[];
  /** Its value is never repeated in a message. */
  readonly secret?: true;
  /** Carries the type of an absent value; never set. */
  readonly absent?: Absent;
}

function optional<T>(kind: Kind<T>, summary: string, more: Pick<Input, 'env' | 'secret' | 'filledIn'> = {}): Input<T> {
  return { kind, summary, ...more };
}

function defaulted<T>(kind: Kind<T>, preset: string, summary: string): Input<T, never> {
  return { kind, summary, default: preset };
}

const ENDS = ['leave', 'terminate', 'archive'] as const;

/** Inputs that every operation takes. */
export const COMMON_INPUTS = {
  operation: optional(line, 'What to do: one of the operations. Required.'),
  devin_token: optional(
    line,
    'Service user key (`cog_…`). Falls back to the variables `DEVIN_TOKEN`, `DEVIN_SERVICE_USER_TOKEN` and `DEVIN_API_KEY`. Masked.',
    { env: ['DEVIN_TOKEN', 'DEVIN_SERVICE_USER_TOKEN', 'DEVIN_API_KEY'], secret: true },
  ),
  org_id: optional(
    organizations,
    'The organization. A service user of an organization needs none: it is asked for its own. For `create-session` also a list, or `*` for every organization that the credential sees: one session each.',
  ),
  api_url: defaulted(
    apiUrl,
    'https://api.devin.ai',
    'URL of the API; for a dedicated deployment its own. `sandbox` is the embedded sandbox, which needs no credential; `sandbox?habits=…` sets its habits, see docs/sandbox.md.',
  ),
  api_version: defaulted(
    choice(['auto', 'v3', 'v3beta1', 'v2']),
    'auto',
    'Version of the API; `auto` goes by the credential.',
  ),
  dry_run: defaulted(bool, 'false', 'Sends no request that could change anything: only GET leaves the client.'),
  max_retries: defaulted(integer(0, 20), '5', 'How often a request that may be repeated safely is repeated.'),
  request_timeout: defaulted(duration('1s', '15m'), '60s', 'Time for one try of one request.'),
  timeout: defaulted(duration('1s', '5d'), '30m', 'Time for the whole operation, waiting included.'),
  concurrency: defaulted(integer(1, 64), '6', 'Requests in flight at once.'),
  result_file: optional(path, 'File in the workspace that also gets the full result as JSON.'),
  github_token: optional(
    line,
    'Token for GitHub: for comments, the logs of failed jobs, and the permission of who asks. The job must grant it what they need; see the README.',
    { filledIn: '${{ github.token }}', secret: true },
  ),
  comment: defaulted(
    bool,
    'false',
    'Keeps one comment on the issue, pull request or discussion of the event, edited in place.',
  ),
  comment_key: optional(line, 'Tells several such comments apart; the job and the operation where empty.'),
} as const;

/** Inputs of single operations. */
export const OPERATION_INPUTS = {
  prompt: optional(text, 'What Devin is to do. For `send-message`: the message.'),
  prompt_file: optional(path, 'File in the workspace (UTF-8) that holds the prompt.'),
  title: optional(line, 'Title of the session.'),
  tags: optional(list(50), 'Tags of the session, at most 50. For lists: only sessions with one of these.'),
  repos: optional(list(), 'Repositories (`owner/name`) of the session. For lists: only sessions on one of these.'),
  playbook_id: optional(id, 'Playbook that the session follows. For lists: only sessions with this one.'),
  child_playbook_id: optional(id, 'Playbook for the sessions that this session starts.'),
  knowledge_ids: optional(list(), 'Knowledge notes for the session.'),
  secret_ids: optional(list(), 'Stored secrets that the session gets.'),
  session_secrets: optional(keyValues, 'Secrets for this session only, as `KEY=VALUE` lines. Values are masked.', {
    secret: true,
  }),
  session_links: optional(list(), 'Other sessions to link.'),
  attachment_urls: optional(list(), 'URLs of files for the session.'),
  attachments: optional(
    list(),
    'Files of the workspace to upload, as paths or globs: at most 50 MB each and 100 MB in all.',
  ),
  download_attachments: optional(
    path,
    'Folder in the workspace for the files that Devin attached; needs `wait: finished`.',
  ),
  max_acu_limit: optional(integer(1), 'Most ACUs that the session may use.'),
  devin_mode: optional(choice(['normal', 'fast', 'lite', 'ultra', 'fusion']), 'How Devin works.'),
  platform: optional(line, 'Platform of the machine, such as `linux` or `windows`, or the name of an outpost pool.'),
  resumable: optional(bool, 'Whether the machine is kept, so that the session can go on later.'),
  bypass_approval: optional(bool, 'Whether actions go without approval.'),
  create_as_user_id: optional(id, 'User for whom the session is created. Needs `ImpersonateOrgSessions`.'),
  structured_output_schema: optional(
    text,
    'JSON Schema (Draft 7) as JSON or YAML, at most 64 KiB; the session answers with JSON that fits it.',
  ),
  structured_output_schema_file: optional(path, 'File in the workspace that holds the schema.'),
  structured_output_required: optional(bool, 'Whether Devin must give structured output before its turn ends.'),
  completion_report: defaulted(
    bool,
    'true',
    'Asks a session without a schema of its own for a short report: whether the task is done, a question, or blocked. Provides the output `summary`.',
  ),
  extra_body: optional(
    text,
    'YAML that is merged into the request, for fields that are newer than this release. It overrides no other input.',
  ),
  context: defaulted(
    choice(['none', 'event']),
    'none',
    'What the prompt gets besides: `event` adds the issue, pull request, comment, review, failed check or failed workflow run that started the workflow, fenced as data.',
  ),
  trigger_phrase: optional(
    phrase,
    "Where a person's text started the workflow: only with a line that begins with this, such as `/devin`. The rest of the text is the request; `/devin new …` starts a new session in any case.",
  ),
  allowed_associations: defaulted(
    associations,
    'OWNER,MEMBER,COLLABORATOR',
    "Whose text may start a session: the author's association with the repository, as GitHub's events say it.",
  ),
  allowed_bots: optional(botNames, 'Bots that may start a session, by name; none where empty.'),
  max_sessions_per_hour: optional(
    integer(1, 10_000),
    'Most sessions in an hour by this workflow in one organization; beyond it the step is skipped.',
  ),
  reuse: defaulted(
    choice(['none', 'thread', 'key']),
    'none',
    'Sends the prompt to a live session instead of starting one: to that of the same issue, pull request or discussion (`thread`), or of the same `reuse_key`.',
  ),
  reuse_key: optional(key, 'The key of `reuse: key`.'),
  max_session_age: defaulted(duration('1m', '365d'), '7d', 'Oldest session that `reuse` goes on with.'),
  idempotency: defaulted(
    line,
    'run',
    'What never creates two sessions: `run` is this step of this workflow run, re-runs included; any other text is a key of your own, for every workflow of the organization; `none` switches it off.',
  ),
  wait: defaulted(
    choice(['none', 'started', 'finished']),
    'none',
    'How long to stay: not at all, until the session runs, or until it has finished.',
  ),
  poll_interval: defaulted(duration('1s', '1h'), '10s', 'Time between two looks at a session, or at its insights.'),
  follow: defaulted(bool, 'true', "Prints the session's messages to the log as they come."),
  on_waiting: defaulted(
    choice(['auto', 'succeed', 'keep-waiting', 'fail']),
    'auto',
    'The result if Devin asks something: `auto` fails the step and quotes the question, `succeed` lets it succeed, `keep-waiting` continues to wait, `fail` also fails it if Devin waits with a finished task.',
  ),
  on_timeout: defaulted(
    choice(ENDS),
    'leave',
    'What happens to the session that this step created when `timeout` is over.',
  ),
  on_cancel: defaulted(
    choice(ENDS),
    'terminate',
    'What happens to the session that this step created when the workflow is cancelled.',
  ),
  session_id: optional(sessionId, 'The session: its id, with or without `devin-`, or the URL of its page.'),
  message: optional(text, 'The message; `prompt` is another name for it.'),
  archive: defaulted(bool, 'false', 'Also archives the session.'),
  since: optional(
    instant,
    'Only sessions created, or audit events, at or after this instant: ISO 8601, Unix seconds, or a duration back. An export goes on from its checkpoint instead, where there is one.',
  ),
  until: optional(
    instant,
    'Only sessions created, or audit events, before this instant. An export without it ends `settle` ago.',
  ),
  settle: defaulted(
    duration('0s', '7d'),
    '60s',
    'How long an audit event may take to show up: without `until`, an export ends so long ago.',
  ),
  overlap: defaulted(
    duration('0s', '7d'),
    '10m',
    'How far an export looks back behind its checkpoint for events that came late; what it has already is dropped.',
  ),
  checkpoint_file: optional(
    path,
    'File in the workspace that remembers how far the export is, so that the next one goes on from there.',
  ),
  actions: optional(
    list(),
    'Only audit events with one of these actions; `*` stands for any text. Every action where empty.',
  ),
  format: defaulted(
    choice(['jsonl', 'csv', 'ocsf', 'ecs', 'cef', 'parquet']),
    'jsonl',
    'Format of the exported files.',
  ),
  compression: defaulted(choice(['none', 'gzip', 'zstd']), 'none', 'Compression of the exported files.'),
  output_dir: defaulted(
    path,
    'devin-audit-logs',
    'Folder in the workspace for the exported files and their manifests.',
  ),
  partition: defaulted(
    choice(['none', 'hour', 'day', 'org']),
    'none',
    'Whether there is a file for each hour or day (UTC, of the event), or for each organization.',
  ),
  max_events: optional(integer(1), 'Most events of one export; `has_more` tells that there are others.'),
  max_lag: optional(duration('1m', '3650d'), 'Warns where the checkpoint is older than this.'),
  include_emails: defaulted(
    bool,
    'false',
    'Shows e-mail addresses in the summary; the exported files hold them anyway.',
  ),
  shard: optional(
    shard,
    'Only this part of the range, for a matrix: `1/4` is the first of four. Needs fixed `since` and `until`.',
  ),
  alert_on: optional(list(), 'Actions that raise an alert, a warning on the page of the run; `*` stands for any text.'),
  fail_on_alert: defaulted(
    bool,
    'false',
    'Fails the step with `alert_raised` after an alert, once everything is written.',
  ),
  generate: defaulted(
    bool,
    'false',
    'Has the insights generated that are missing, and waits until they are there. Needs `ManageOrgSessions`.',
  ),
  endpoint: optional(
    line,
    'What to call: an operation id such as `listOrganizations`, or `GET /v3/enterprise/organizations`, with `{names}` or values.',
  ),
  params: optional(text, 'Parameters of the path and the query, as YAML. `org_id` is filled in where it is left out.'),
  body: optional(text, 'Body of the request, as YAML.'),
  paginate: defaulted(bool, 'true', 'Reads every page of a list; `false` reads only the one that `params` ask for.'),
  body_file: optional(
    path,
    'File in the workspace that gets the answer: a list as a JSON array, or line by line if the name ends in `.jsonl`. It also holds one-time secrets, so only its owner may read it.',
  ),
  matrix_size: optional(
    integer(1, 1000),
    'Organizations in one job of the output `matrix`; each has its own where empty.',
  ),
  manifest: defaulted(
    list(),
    '.devin/git-permissions.yml',
    'The manifest: paths or globs of files in the workspace, which are put together. For `export-git-permissions` the one file to write.',
  ),
  mode: defaulted(
    choice(['plan', 'apply']),
    'plan',
    '`plan` compares and writes nothing; `apply` makes what is there what the manifest says.',
  ),
  prune: optional(
    bool,
    'Whether entries of the listed organizations go that the manifest does not have: `false` keeps them everywhere, `true` is for organizations of which the manifest says nothing. What the manifest says where empty.',
  ),
  max_removals: defaulted(
    removalLimit,
    '25%',
    'Most entries that may go, as a count or as a share of what is there: of each organization, and of all together.',
  ),
  allow_empty: defaulted(
    bool,
    'false',
    'Lets an organization for which nothing is listed lose all its entries, within `max_removals`.',
  ),
  expected_plan_hash: optional(sha256, 'Hash of the plan that was reviewed: `apply` refuses any other.'),
  fail_on_drift: defaulted(bool, 'false', 'Makes a plan that found changes red, with the outcome `changes`.'),
  plan_file: optional(
    path,
    'File in the workspace that gets the whole plan as JSON; a temporary one where empty. For `apply` with `expected_plan_hash` it may hold the reviewed plan: then a second run goes on with what is left of it.',
  ),
  max_results: defaulted(integer(1, 100_000), '200', 'Most sessions to list.'),
} as const;

/** Every input of the action, by name. */
export const INPUTS = { ...COMMON_INPUTS, ...OPERATION_INPUTS } as const;

/** The name of an input that every operation takes. */
export type CommonInput = keyof typeof COMMON_INPUTS;
/** The name of any input. */
export type InputName = keyof typeof INPUTS;

type ValueOf<I> = I extends Input<infer T, infer Absent> ? T | Absent : never;

/** The parsed values of the inputs `N`. An input without a default is `undefined` when the workflow leaves it out. */
export type InputValues<N extends InputName = InputName> = { readonly [K in N]: ValueOf<(typeof INPUTS)[K]> };

/** True for the name of an input. */
export const isInputName = (name: string): name is InputName => Object.hasOwn(INPUTS, name);
