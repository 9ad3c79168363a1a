/** One output of the action. */
export interface Output {
  /** What it holds, for action.yml and the README. */
  readonly summary: string;
  /** JSON text; what is too large for an output is then left to `result_file`, never cut in the middle. */
  readonly json?: true;
}

/** Outputs of every operation. */
export const COMMON_OUTPUTS = {
  outcome: { summary: '`success`, `failure`, `skipped`, or `changes` if a plan found changes.' },
  error_code: { summary: 'Stable code of the error; empty if there is none.' },
  skipped_reason: { summary: 'Why the step was skipped, if `outcome` is `skipped`.' },
  result: { summary: 'The result as versioned JSON (`schema_version: 1`).', json: true },
  result_file: { summary: 'Path of the file with the whole result, if one was written.' },
} as const satisfies Record<string, Output>;

/** Outputs of single operations. */
export const OPERATION_OUTPUTS = {
  session_id: { summary: 'ID of the session.' },
  session_url: { summary: 'URL of the session.' },
  session_status: { summary: 'Status as the API reports it: `new`, `claimed`, `running`, `exit`, `error`, …' },
  session_status_detail: { summary: 'Detail of the status: `working`, `waiting_for_user`, `finished`, …' },
  session_outcome: {
    summary: '`running`, `finished`, `waiting`, `blocked`, `failed`, `timed_out` or `terminated`.',
  },
  created: { summary: '`true` if this step created the session, `false` if it found or reused one that existed.' },
  reused: { summary: '`true` if the step sent its prompt to an existing session.' },
  pull_request_url: {
    summary: 'URL of the first pull request of the session. Open and merged ones come before closed ones.',
  },
  pull_requests: { summary: 'All pull requests: `[{"pr_url": …, "pr_state": …}]`.', json: true },
  structured_output: { summary: 'The structured output that follows your own schema.', json: true },
  structured_output_checked: {
    summary: '`true` if the structured output was checked against its schema and matches it.',
  },
  summary: { summary: "Devin's summary of its work, from the completion report." },
  last_message: { summary: "Devin's last message." },
  acus_consumed: { summary: 'ACUs that the session has used; empty if the API does not report them.' },
  attachments: {
    summary:
      'The files that Devin attached and `download_attachments` downloaded: `[{"name": …, "path": …, "bytes": …}]`.',
    json: true,
  },
  sessions: {
    summary:
      'The sessions as a JSON array. `create-session` has one entry for each organization, even if there is only one.',
    json: true,
  },
  count: { summary: 'Number of sessions, organizations, list items, or manifest entries.' },
  status_code: { summary: 'HTTP status of the response.' },
  body: { summary: 'The response as JSON. For a list, its items.', json: true },
  body_file: {
    summary:
      'File that contains the response: the file that the input names, or a temporary file if the response is too large for `body`.',
  },
  organizations: { summary: 'The organizations as a JSON array.', json: true },
  matrix: { summary: 'For `strategy.matrix`: `{"include": [{"org_id": …, "org_name": …}]}`.', json: true },
  has_changes: { summary: '`true` if the permissions differ from the manifest.' },
  added: { summary: 'Number of entries that were added, or would be in a plan.' },
  removed: { summary: 'Number of entries that were removed, or would be in a plan.' },
  updated: { summary: 'Number of entries that were changed in place, or would be in a plan.' },
  unchanged: { summary: 'Number of entries that already match.' },
  failed: { summary: 'Number of changes that failed.' },
  escalations: {
    summary:
      'Number of changes that grant broad access: a new group or prefix, a match of a broad pattern, or write access to a read-only entry.',
  },
  plan_hash: { summary: 'SHA-256 of the desired state, the current state, and the changes, for `expected_plan_hash`.' },
  plan_file: { summary: 'File with the whole plan as JSON. After `apply`, it includes the result of each change.' },
  converged: { summary: '`true` if the permissions match the manifest. After `apply`, they are read again.' },
  manifest: { summary: 'The manifest that was written.' },
  events: { summary: 'Number of audit events that were exported or verified.' },
  files: {
    summary: 'The exported files: `[{"path": …, "sha256": …, "bytes": …, "events": …, "oldest": …, "newest": …}]`.',
    json: true,
  },
  manifest_file: { summary: 'The manifest of the export. It lists what was exported, with the hash of each file.' },
  checkpoint_file: { summary: 'The checkpoint of the export, if it has one.' },
  duplicates_dropped: { summary: 'Number of duplicate events that were dropped.' },
  oldest: { summary: 'Time of the oldest event, ISO 8601 in UTC.' },
  newest: { summary: 'Time of the newest event, ISO 8601 in UTC.' },
  lag_seconds: { summary: 'Age of the end of the exported range, in seconds.' },
  has_more: { summary: '`true` if events of the range remain for the next export.' },
  alerts: { summary: 'Number of events that matched `alert_on`.' },
  identity: { summary: 'Identity of the credential, as JSON.', json: true },
  allowed_operations: { summary: 'Operations that the credential is known to allow, as a JSON array.', json: true },
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
