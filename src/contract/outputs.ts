import { jsonText } from './json.ts';

/** The values that a member of the data may have, by form. Null is a value that does not exist: an empty output. */
interface Forms {
  readonly text: string | null;
  readonly number: number | null;
  readonly flag: boolean | null;
  /** A value of JSON. */
  readonly json: unknown;
}

/** One output of the action, made of the member of the result's data that has its name. */
export interface OutputDeclaration {
  /** What it contains, for action.yml and the README. */
  readonly summary: string;
  /** Its value in the data, and how that becomes a text. JSON is never cut: what is too large is left to `result_file`. */
  readonly form: keyof Forms;
}

/** Outputs of every operation. */
export const COMMON_OUTPUTS = {
  outcome: { summary: '`success`, `failure`, `skipped`, or `changes` if a plan found changes.', form: 'text' },
  error_code: { summary: 'Stable code of the error; empty if there is none.', form: 'text' },
  skipped_reason: { summary: 'Why the step was skipped, if `outcome` is `skipped`.', form: 'text' },
  result: { summary: 'The result as versioned JSON (`schema_version: 1`).', form: 'json' },
  result_file: { summary: 'Path of the file with the whole result, if one was written.', form: 'text' },
} as const satisfies Record<string, OutputDeclaration>;

/** Outputs of single operations. */
export const OPERATION_OUTPUTS = {
  session_id: { summary: 'ID of the session.', form: 'text' },
  session_url: { summary: 'URL of the session.', form: 'text' },
  session_status: {
    summary: 'Status as the API reports it: `new`, `claimed`, `running`, `exit`, `error`, …',
    form: 'text',
  },
  session_status_detail: {
    summary: 'Detail of the status: `working`, `waiting_for_user`, `finished`, …',
    form: 'text',
  },
  session_outcome: {
    summary: '`running`, `finished`, `waiting`, `blocked`, `failed`, `timed_out` or `terminated`.',
    form: 'text',
  },
  created: {
    summary: '`true` if this step created the session, `false` if it found or reused one that existed.',
    form: 'flag',
  },
  reused: { summary: '`true` if the step sent its prompt to an existing session.', form: 'flag' },
  pull_request_url: {
    summary: 'URL of the first pull request of the session. Open and merged ones come before closed ones.',
    form: 'text',
  },
  pull_requests: { summary: 'All pull requests: `[{"pr_url": …, "pr_state": …}]`.', form: 'json' },
  structured_output: { summary: 'The structured output that follows your own schema.', form: 'json' },
  structured_output_checked: {
    summary: '`true` if the structured output was checked against its schema and matches it.',
    form: 'flag',
  },
  summary: { summary: "Devin's summary of its work, from the completion report.", form: 'text' },
  last_message: { summary: "Devin's last message.", form: 'text' },
  acus_consumed: { summary: 'ACUs that the session has used; empty if the API does not report them.', form: 'number' },
  attachments: {
    summary:
      'The files that Devin attached and `download_attachments` downloaded: `[{"name": …, "path": …, "bytes": …}]`.',
    form: 'json',
  },
  sessions: {
    summary:
      'The sessions as a JSON array. `create-session` has one entry for each organization, even if there is only one.',
    form: 'json',
  },
  count: { summary: 'Number of sessions, organizations, list items, or manifest entries.', form: 'number' },
  status_code: { summary: 'HTTP status of the response.', form: 'number' },
  body: { summary: 'The response as JSON. For a list, its items.', form: 'json' },
  body_file: {
    summary:
      'File that contains the response: the file that the input names, or a temporary file if the response is too large for `body`.',
    form: 'text',
  },
  organizations: { summary: 'The organizations as a JSON array.', form: 'json' },
  matrix: {
    summary:
      'For `strategy.matrix`: `{"include": [{"org_id": …, "org_name": …}]}`. For `collect-sessions`, one entry for each session of `changed`.',
    form: 'json',
  },
  changed: {
    summary: 'The sessions that ended or asked a question since the last `collect-sessions`, as a JSON array.',
    form: 'json',
  },
  has_changes: { summary: '`true` if the permissions differ from the manifest.', form: 'flag' },
  added: { summary: 'Number of entries that were added, or would be in a plan.', form: 'number' },
  removed: { summary: 'Number of entries that were removed, or would be in a plan.', form: 'number' },
  updated: { summary: 'Number of entries that were changed in place, or would be in a plan.', form: 'number' },
  unchanged: { summary: 'Number of entries that already match.', form: 'number' },
  failed: { summary: 'Number of changes that failed.', form: 'number' },
  escalations: {
    summary:
      'Number of changes that grant broad access: a new group or prefix, a match of a broad pattern, or write access to a read-only entry.',
    form: 'number',
  },
  plan_hash: {
    summary: 'SHA-256 of the desired state, the current state, and the changes, for `expected_plan_hash`.',
    form: 'text',
  },
  plan_file: {
    summary: 'File with the whole plan as JSON. After `apply`, it includes the result of each change.',
    form: 'text',
  },
  converged: {
    summary: '`true` if the permissions match the manifest. After `apply`, they are read again.',
    form: 'flag',
  },
  manifest: { summary: 'The manifest that was written.', form: 'text' },
  events: { summary: 'Number of audit events that were exported or verified.', form: 'number' },
  files: {
    summary: 'The exported files: `[{"path": …, "sha256": …, "bytes": …, "events": …, "oldest": …, "newest": …}]`.',
    form: 'json',
  },
  manifest_file: {
    summary: 'The manifest of the export. It lists what was exported, with the hash of each file.',
    form: 'text',
  },
  checkpoint_file: { summary: 'The checkpoint of the export, if it has one.', form: 'text' },
  duplicates_dropped: { summary: 'Number of duplicate events that were dropped.', form: 'number' },
  oldest: { summary: 'Time of the oldest event, ISO 8601 in UTC.', form: 'text' },
  newest: { summary: 'Time of the newest event, ISO 8601 in UTC.', form: 'text' },
  lag_seconds: { summary: 'Age of the end of the exported range, in seconds.', form: 'number' },
  has_more: { summary: '`true` if events of the range remain for the next export.', form: 'flag' },
  alerts: { summary: 'Number of events that matched `alert_on`.', form: 'number' },
  review_status: {
    summary:
      '`pending`, `running`, `completed`, `errored`, `cancelled`, `skipped`, or `unknown` if the review cannot be read.',
    form: 'text',
  },
  review_url: { summary: 'URL of the review on GitHub; empty if there is none.', form: 'text' },
  findings: {
    summary:
      'The findings of the review: `[{"id": …, "kind": …, "severity": …, "path": …, "start_line": …, "end_line": …, "title": …, "url": …, "resolved": …}]`.',
    form: 'json',
  },
  findings_count: { summary: 'Number of findings, the resolved ones included.', form: 'number' },
  blocking_count: { summary: 'Number of unresolved findings that fail the step (`fail_on`).', form: 'number' },
  identity: { summary: 'Identity of the credential, as JSON.', form: 'json' },
  allowed_operations: { summary: 'Operations that the credential is known to allow, as a JSON array.', form: 'json' },
} as const satisfies Record<string, OutputDeclaration>;

/** Every output of the action, by name. */
export const OUTPUTS = { ...COMMON_OUTPUTS, ...OPERATION_OUTPUTS } as const;

/** The name of any output. */
type OutputName = keyof typeof OUTPUTS;
/** The name of an output of single operations. */
export type OperationOutput = keyof typeof OPERATION_OUTPUTS;

/** The values of outputs, by which the result's data and the outputs are made. Undefined where an output is not set. */
export type OutputData<N extends OutputName> = {
  readonly [K in N]: Forms[(typeof OUTPUTS)[K]['form']] | undefined;
};

/** The output that a member of the data makes: empty for null. */
const outputText = (name: OperationOutput, value: unknown): string => {
  if (value === null) return '';
  return OPERATION_OUTPUTS[name].form === 'json' ? jsonText(value) : String(value);
};

/** The texts of the outputs `names`, made of the result's data. An output whose member is missing is not set. */
export const outputTexts = (
  names: readonly OperationOutput[],
  data: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(names.flatMap((name) => (data[name] === undefined ? [] : [[name, outputText(name, data[name])]])));

/** How a step ended. */
export type StepOutcome = 'success' | 'failure' | 'skipped' | 'changes';
