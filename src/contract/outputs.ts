/** One output of the action. */
export interface Output {
  /** What it holds, for action.yml and the README. */
  readonly summary: string;
  /** JSON text; what is too large for an output is then left to `result_file`, never cut in the middle. */
  readonly json?: true;
}

/** Outputs of every operation. */
export const COMMON_OUTPUTS = {
  outcome: { summary: '`success`, `failure`, `skipped`, or `changes` for a plan that found some.' },
  error_code: { summary: 'Stable code of the error; empty when all is well.' },
  skipped_reason: { summary: 'Why nothing was done, where `outcome` is `skipped`.' },
  result: { summary: 'The result as versioned JSON (`schema_version: 1`).', json: true },
  result_file: { summary: 'Path of the file with the whole result, where one was written.' },
} as const satisfies Record<string, Output>;

/** Outputs of single operations. */
export const OPERATION_OUTPUTS = {
  session_id: { summary: 'Id of the session.' },
  session_url: { summary: 'Page of the session.' },
  session_status: { summary: 'Status as the API gives it: `new`, `claimed`, `running`, `exit`, `error`, …' },
  session_status_detail: { summary: 'Detail of the status: `working`, `waiting_for_user`, `finished`, …' },
  session_outcome: {
    summary: '`running`, `finished`, `waiting`, `blocked`, `failed`, `timed_out` or `terminated`.',
  },
  created: { summary: '`true` if this step created the session, `false` if it found or reused one that existed.' },
  reused: { summary: '`true` if the step sent its prompt to a session that was there already.' },
  pull_request_url: {
    summary: 'The first pull request of the session; one that is open or merged comes before a closed one.',
  },
  pull_requests: { summary: 'All pull requests: `[{"pr_url": …, "pr_state": …}]`.', json: true },
  structured_output: { summary: 'The structured output by your own schema.', json: true },
  structured_output_checked: {
    summary: '`true` if the structured output was checked against its schema and matches it.',
  },
  summary: { summary: 'What Devin says of its work, from the completion report.' },
  last_message: { summary: "Devin's last message." },
  acus_consumed: { summary: 'ACUs that the session has used; empty if the API does not report them.' },
  attachments: {
    summary:
      'The files that Devin attached and `download_attachments` brought: `[{"name": …, "path": …, "bytes": …}]`.',
    json: true,
  },
  sessions: {
    summary:
      'The sessions as a JSON array; of `create-session` one entry an organization, also where there is only one.',
    json: true,
  },
  count: { summary: 'How many there are.' },
  status_code: { summary: 'HTTP status of the answer.' },
  body: { summary: 'The answer as JSON; of a list, its rows.', json: true },
  body_file: {
    summary: 'File that holds the answer: the one that was asked for, or one for an answer too large for `body`.',
  },
  organizations: { summary: 'The organizations as a JSON array.', json: true },
  matrix: { summary: 'For `strategy.matrix`: `{"include": [{"org_id": …, "org_name": …}]}`.', json: true },
  has_changes: { summary: '`true` if what is there differs from what the manifest says.' },
  added: { summary: 'Entries that were added, or in a plan would be.' },
  removed: { summary: 'Entries that were removed, or in a plan would be.' },
  updated: { summary: 'Entries that were changed in place, or in a plan would be.' },
  unchanged: { summary: 'Entries that are as they should be.' },
  failed: { summary: 'Changes that could not be made.' },
  escalations: {
    summary: 'Changes that open much: a new group or prefix, or an entry that may write from now on.',
  },
  plan_hash: { summary: 'SHA-256 over what is desired, what is there and the changes, for `expected_plan_hash`.' },
  plan_file: { summary: 'File with the whole plan as JSON; after `apply` with the result of each change.' },
  converged: { summary: '`true` if all is as the manifest says; after `apply` by another look.' },
  manifest: { summary: 'The manifest that was written.' },
  events: { summary: 'How many audit events were exported, or verified.' },
  files: {
    summary: 'The exported files: `[{"path": …, "sha256": …, "bytes": …, "events": …, "oldest": …, "newest": …}]`.',
    json: true,
  },
  manifest_file: { summary: 'The manifest of the export: what was exported, with the hash of each file.' },
  checkpoint_file: { summary: 'The checkpoint of the export, where it keeps one.' },
  duplicates_dropped: { summary: 'How many events came again and were dropped.' },
  oldest: { summary: 'Time of the oldest event, ISO 8601 in UTC.' },
  newest: { summary: 'Time of the newest event, ISO 8601 in UTC.' },
  lag_seconds: { summary: 'How many seconds ago the exported range ends.' },
  has_more: { summary: '`true` if events of the range are left for the next export.' },
  alerts: { summary: 'How many events matched `alert_on`.' },
  identity: { summary: 'Who the credential is, as JSON.', json: true },
  allowed_operations: { summary: 'Operations that the credential may run, as a JSON array.', json: true },
} as const satisfies Record<string, Output>;

/** Every output of the action, by name. */
export const OUTPUTS = { ...COMMON_OUTPUTS, ...OPERATION_OUTPUTS } as const;

/** The name of any output. */
export type OutputName = keyof typeof OUTPUTS;
/** The name of an output of single operations. */
export type OperationOutput = keyof typeof OPERATION_OUTPUTS;

/** Texts of the outputs that an operation sets. */
export type OutputValues<N extends OutputName = OutputName> = { readonly [K in N]?: string };

/** How a step ended. */
export type StepOutcome = 'success' | 'failure' | 'skipped' | 'changes';
