import { apiUrl } from './api-url.ts';
import {
  associations,
  bool,
  botNames,
  choice,
  duration,
  expectedPlan,
  type InputKind,
  id,
  instant,
  integer,
  key,
  keyValues,
  line,
  list,
  organizations,
  path,
  phrase,
  playbookId,
  removalLimit,
  sessionId,
  sha256,
  shard,
  text,
} from './kinds.ts';
import { reviewKinds } from './review-kinds.ts';
import { threadReference } from './thread-reference.ts';

/** One input of the action. `default` is in the form in which a workflow would write it. */
export interface Input<T = unknown, Absent = undefined> {
  readonly kind: InputKind<T>;
  /** What it means, for action.yml and the README. */
  readonly summary: string;
  readonly default?: string;
  /** What action.yml has as the default, where only the runner can fill it in. */
  readonly filledIn?: string;
  /** Environment variables that stand in for an empty input. */
  readonly env?: readonly string[];
  /** Only action.yml sets it, so that the README does not list it. */
  readonly internal?: true;
  /** Its value is never repeated in a message. */
  readonly secret?: true;
  /** Carries the type of an absent value; never set. */
  readonly absent?: Absent;
}

function optional<T>(
  kind: InputKind<T>,
  summary: string,
  more: Pick<Input, 'env' | 'secret' | 'filledIn' | 'internal'> = {},
): Input<T> {
  return { kind, summary, ...more };
}

function defaulted<T>(kind: InputKind<T>, preset: string, summary: string): Input<T, never> {
  return { kind, summary, default: preset };
}

const ENDS = ['leave', 'terminate', 'archive'] as const;

/** Inputs that every operation takes. */
export const COMMON_INPUTS = {
  operation: optional(line, 'The operation to run. Required.'),
  devin_token: optional(
    line,
    'Service user key (`cog_…`). Falls back to the variables `DEVIN_TOKEN`, `DEVIN_SERVICE_USER_TOKEN` and `DEVIN_API_KEY`. Masked.',
    { env: ['DEVIN_TOKEN', 'DEVIN_SERVICE_USER_TOKEN', 'DEVIN_API_KEY'], secret: true },
  ),
  org_id: optional(
    organizations,
    'ID of the organization. Not needed for a service user of an organization. `create-session` also accepts a list, or `*` for every organization that the credential can see, and starts one session in each.',
  ),
  api_url: defaulted(
    apiUrl,
    'https://api.devin.ai',
    'URL of the API. A dedicated deployment has its own URL. `sandbox` is the embedded sandbox, which needs no credential; `sandbox?habits=…` sets its habits, see docs/sandbox.md.',
  ),
  api_version: defaulted(
    choice(['auto', 'v3', 'v3beta1', 'v2']),
    'auto',
    'Version of the API. `auto` selects it by the type of the credential.',
  ),
  dry_run: defaulted(bool, 'false', 'Sends no request that could change anything, only GET requests.'),
  max_retries: defaulted(integer(0, 20), '5', 'Maximum number of retries of a request that is safe to repeat.'),
  request_timeout: defaulted(duration('1s', '15m'), '60s', 'Maximum time for one attempt of one request.'),
  timeout: defaulted(duration('1s', '5d'), '30m', 'Maximum time for the whole operation, including the wait.'),
  concurrency: defaulted(integer(1, 64), '6', 'Maximum number of requests at the same time.'),
  result_file: optional(path, 'File in the workspace to which the full result is also written as JSON.'),
  github_token: optional(
    line,
    'GitHub token to read the event and write comments and checks. The job must grant the permissions that the inputs need; see docs/security.md.',
    { filledIn: '${{ github.token }}', secret: true },
  ),
  issue_number: optional(
    threadReference,
    'Issue or pull request of this repository to work on instead of that of the event: a number, or the URL of its page or of a comment. `context`, `comment`, `check`, `reuse: thread`, and a review refer to it.',
  ),
  comment: defaulted(
    bool,
    'false',
    'Writes one comment on the issue, pull request, or discussion of the event or of `issue_number`, and keeps it up to date.',
  ),
  comment_key: optional(
    line,
    'Key of the comment and of the check, to keep several apart. If empty, the job and the operation are the key.',
  ),
  check: defaulted(
    bool,
    'false',
    'Writes a check run `Devin: <comment_key>` to the head commit of the pull request, or to the commit of the run if there is none. Needs the permission `checks: write`.',
  ),
  comment_text: optional(text, 'Markdown at the beginning of the comment, before the text of the step.'),
  job_index: optional(
    line,
    'Internal: leave it as it is. It distinguishes the jobs of a matrix on a runner that does not.',
    { filledIn: '${{ strategy.job-index }}/${{ strategy.job-total }}', internal: true },
  ),
} as const;

/** Inputs of single operations. */
export const OPERATION_INPUTS = {
  prompt: optional(text, 'The task for Devin. For `send-message`, the message.'),
  prompt_file: optional(path, 'File in the workspace (UTF-8) that contains the prompt.'),
  title: optional(line, 'Title of the session.'),
  tags: optional(list(50), 'Tags of the session, maximum 50. For lists: only sessions with one of these tags.'),
  repos: optional(
    list(),
    'Repositories (`owner/name`) of the session. For lists: only sessions with one of these repositories.',
  ),
  playbook_id: optional(playbookId, 'Playbook that the session follows. For lists: only sessions with this playbook.'),
  child_playbook_id: optional(playbookId, 'Playbook for the sessions that this session starts.'),
  knowledge_ids: optional(list(), 'Knowledge notes for the session.'),
  secret_ids: optional(list(), 'Stored secrets that the session gets.'),
  session_secrets: optional(keyValues, 'Secrets for this session only, as `KEY=VALUE` lines. Values are masked.', {
    secret: true,
  }),
  session_links: optional(list(), 'Other sessions to link.'),
  attachment_urls: optional(list(), 'URLs of files for the session.'),
  attachments: optional(
    list(),
    'Files in the workspace to upload, as paths or globs. Maximum 50 MB each and 100 MB in total.',
  ),
  download_attachments: optional(
    path,
    'Folder in the workspace for the files that Devin attached; needs `wait: finished`.',
  ),
  max_acu_limit: optional(integer(1), 'Maximum ACUs that the session may use.'),
  devin_mode: optional(choice(['normal', 'fast', 'lite', 'ultra', 'fusion']), 'Mode in which Devin works.'),
  platform: optional(line, 'Platform of the machine, such as `linux` or `windows`, or the name of an outpost pool.'),
  resumable: optional(bool, 'Whether the machine is kept, so that the session can continue later.'),
  bypass_approval: optional(bool, 'Whether Devin may run actions without approval.'),
  create_as_user_id: optional(id, 'User for whom the session is created. Needs `ImpersonateOrgSessions`.'),
  structured_output_schema: optional(
    text,
    'JSON Schema (Draft 7) as JSON or YAML, maximum 64 KiB. The session returns JSON that matches it.',
  ),
  structured_output_schema_file: optional(path, 'File in the workspace that contains the schema.'),
  structured_output_required: optional(bool, 'Whether Devin must provide structured output before its turn ends.'),
  completion_report: defaulted(
    bool,
    'true',
    'Asks a session without a schema of its own for a short report: whether the task is done, a question, or blocked. Provides the output `summary`.',
  ),
  extra_body: optional(
    text,
    'YAML that is merged into the request, for fields that are newer than this release. It does not override other inputs.',
  ),
  context: defaulted(
    choice(['none', 'event']),
    'none',
    'What is added to the prompt, marked as data. `event` adds what started the workflow, or what `issue_number` names: the issue, pull request with its changed files, comment, review with its inline comments, failed check or workflow run, release, deployment status, commit status, or merge group.',
  ),
  trigger_phrase: optional(
    phrase,
    'If text from a person started the workflow, the step runs only if a line of it begins with this phrase, such as `/devin`, in any case. The rest of the text is the request. `/devin new …` always starts a new session.',
  ),
  allowed_associations: defaulted(
    associations,
    'OWNER,MEMBER,COLLABORATOR,WRITE',
    "Authors whose text may start a session, by their association with the repository (`author_association` in GitHub's events). `WRITE` is everyone who has write access according to GitHub, such as members whose membership is private. Listing `CONTRIBUTOR` or `NONE` turns the write check off for them.",
  ),
  allowed_bots: optional(botNames, 'Names of bots that may start a session. If empty, no bot may.'),
  max_sessions_per_hour: optional(
    integer(1, 10_000),
    'Maximum number of sessions that this workflow starts per hour in one organization. Above the limit, the step is skipped.',
  ),
  reuse: defaulted(
    choice(['none', 'thread', 'pull_request', 'key']),
    'none',
    'Sends the prompt to an existing session instead of starting a new one: the session of the same issue, pull request, or discussion (`thread`), the session that opened the pull request (`pull_request`), or of the same `reuse_key` (`key`).',
  ),
  devin_bot: defaulted(line, 'devin-ai-integration[bot]', "Login of Devin's bot on GitHub, for `reuse: pull_request`."),
  reuse_key: optional(key, 'Key of the session for `reuse: key`.'),
  max_session_age: defaulted(
    duration('1m', '365d'),
    '7d',
    'Maximum age of a session that `reuse`, or your own key in `idempotency`, continues.',
  ),
  idempotency: defaulted(
    line,
    'run',
    'Prevents duplicate sessions: one key never has two live sessions, and finished work is never done twice. `run` is this step of this workflow run, including re-runs. Any other text is your own key, shared by all workflows with the same service user. `none` turns it off. See docs/sessions.md.',
  ),
  wait: defaulted(
    choice(['none', 'started', 'finished', 'later']),
    'none',
    'How long to wait: not at all, until the session runs, or until it has finished. `later` (only `create-session`) leaves the wait to `collect-sessions`, so that no runner waits.',
  ),
  poll_interval: defaulted(
    duration('1s', '1h'),
    '10s',
    'Time between two polls of a session, its insights, or a review.',
  ),
  follow: defaulted(bool, 'true', "Prints the session's messages to the log as they arrive."),
  on_waiting: defaulted(
    choice(['auto', 'succeed', 'keep-waiting', 'fail']),
    'auto',
    'What happens if Devin waits for a reply. `auto` fails the step with the question, unless the task is finished. `fail` fails it even then. `succeed` lets it succeed. `keep-waiting` continues to wait.',
  ),
  on_timeout: defaulted(
    choice(ENDS),
    'leave',
    'What happens to the session that this step created when the step times out.',
  ),
  on_cancel: defaulted(
    choice(ENDS),
    'terminate',
    'What happens to the session that this step created when the workflow is canceled.',
  ),
  session_id: optional(sessionId, 'ID of the session, with or without `devin-`, or the URL of its page.'),
  message: optional(text, 'The message. `prompt` is an alias.'),
  archive: defaulted(bool, 'false', 'Also archives the session.'),
  since: optional(
    instant,
    'Only sessions created, or audit events, at or after this time: ISO 8601, Unix seconds, or a duration before now. If an export has a checkpoint, it continues from there instead.',
  ),
  until: optional(
    instant,
    'Only sessions created, or audit events, before this time. If empty, an export ends `settle` ago.',
  ),
  settle: defaulted(
    duration('0s', '7d'),
    '60s',
    'How long an audit event may take to appear. Without `until`, an export ends this long ago.',
  ),
  overlap: defaulted(
    duration('0s', '7d'),
    '10m',
    'How far before its checkpoint an export looks for late events. Events that were exported already are dropped.',
  ),
  checkpoint_file: optional(
    path,
    'File in the workspace that stores how far the export got, so that the next export continues from there.',
  ),
  expected_hash: optional(
    sha256,
    'SHA-256 that the newest manifest must have: the hash in the summary of the last export. It shows whether the end of the chain was changed or removed.',
  ),
  actions: optional(
    list(),
    'Only audit events with one of these actions; `*` matches any text. If empty, all actions.',
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
    'Whether to write one file for each hour or day (of the event, in UTC), or for each organization.',
  ),
  max_events: optional(
    integer(1),
    'Maximum number of events in one export. If more events remain, `has_more` is `true`.',
  ),
  max_lag: optional(duration('1m', '3650d'), 'Warns if the checkpoint is older than this.'),
  include_emails: defaulted(
    bool,
    'false',
    'Shows email addresses in the summary. The exported files always contain them.',
  ),
  shard: optional(
    shard,
    'Only this part of the range, for a matrix: `1/4` is the first of four. Needs fixed `since` and `until`.',
  ),
  alert_on: optional(
    list(),
    'Actions that raise an alert, shown as a warning on the page of the run; `*` matches any text.',
  ),
  fail_on_alert: defaulted(
    bool,
    'false',
    'Fails the step with `alert_raised` if there is an alert, after all files are written.',
  ),
  generate: defaulted(
    bool,
    'false',
    'Generates missing insights and waits until they are available. Needs `ManageOrgSessions`.',
  ),
  endpoint: optional(
    line,
    'Endpoint to call: an operation ID such as `listOrganizations`, or a method and path such as `GET /v3/enterprise/organizations`, with `{names}` or values.',
  ),
  params: optional(text, 'Parameters of the path and the query, as YAML. If `org_id` is left out, it is filled in.'),
  body: optional(text, 'Body of the request, as YAML.'),
  paginate: defaulted(bool, 'true', 'Reads every page of a list. `false` reads only the page that `params` ask for.'),
  body_file: optional(
    path,
    'File in the workspace to which the response is written: a list as a JSON array, or one item per line if the name ends in `.jsonl`. It also contains one-time secrets, so only its owner may read it.',
  ),
  matrix_size: optional(
    integer(1, 1000),
    'Number of organizations in one job of the output `matrix`. If empty, each organization has its own job.',
  ),
  manifest: defaulted(
    list(),
    '.devin/git-permissions.yml',
    'Paths or globs of the manifest files in the workspace, which are merged. For `export-git-permissions`, the file to write.',
  ),
  overwrite: defaulted(
    bool,
    'false',
    'Whether an export may replace a file that it did not write, or that was edited since.',
  ),
  mode: defaulted(
    choice(['plan', 'apply']),
    'plan',
    '`plan` compares and changes nothing. `apply` makes the permissions match the manifest.',
  ),
  prune: optional(
    bool,
    'Whether to remove entries of the listed organizations that are not in the manifest. `false` keeps them in all organizations. `true` removes them, except in organizations for which the manifest says `prune: false`. If empty, the manifest decides.',
  ),
  max_removals: defaulted(
    removalLimit,
    '25%',
    'Maximum number of entries that may be removed or lose write access: a share of the current entries, a count, or `all`. It applies to each organization and to all together. A share permits at least one entry of two or more. A count that reaches all entries of an organization is an error.',
  ),
  max_openings: optional(
    integer(0),
    'Maximum number of entries that may gain write access, or be opened by a group, a prefix, or a pattern. No limit if empty.',
  ),
  allow_empty: defaulted(
    bool,
    'false',
    'Allows removing all entries of an organization for which the manifest lists none, within `max_removals`.',
  ),
  expected_plan_hash: optional(
    expectedPlan,
    'Hash of the reviewed plan, or `reviewed` for the plan in the comment on the merged pull request. `apply` rejects any other plan.',
  ),
  fail_on_drift: defaulted(bool, 'false', 'Fails the step if a plan finds changes, with the outcome `changes`.'),
  plan_file: optional(
    path,
    'File in the workspace to which the whole plan is written as JSON; a temporary file if empty. For `apply` with `expected_plan_hash`, it may contain the reviewed plan: then a re-run applies its remaining changes.',
  ),
  on_pending: defaulted(
    choice(['fail', 'succeed']),
    'fail',
    'The result if the review is still pending or running when the step times out.',
  ),
  fail_on: defaulted(
    reviewKinds,
    'bug, security',
    'Kinds of findings that fail the step while they are unresolved: `bug`, `security`, `flag`, `analysis`. A comment of the reviewer that cannot be read always counts, except with `none`.',
  ),
  dispatch_event: optional(
    key,
    'Event type of a `repository_dispatch` that `collect-sessions` sends for each session that ended or has a question. Needs `contents: write`.',
  ),
  max_results: defaulted(integer(1, 100_000), '200', 'Maximum number of sessions to list.'),
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
