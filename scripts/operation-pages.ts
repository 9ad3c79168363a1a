// The pages of docs/operations/: one for each operation, and an index with what all of them share.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { ERROR_CODES, type ErrorCode } from '../src/contract/errors.ts';
import { COMMON_INPUTS, INPUTS, type Input, type InputName } from '../src/contract/inputs.ts';
import { COMMON_OUTPUTS, OUTPUTS } from '../src/contract/outputs.ts';
import { isLocal, type Operation } from '../src/operations/operation.ts';
import { defaultOf, needsOf, table } from './generated-text.ts';
import { REFERENCE } from './release-reference.ts';

/** What a page says that the operation itself does not know. */
interface Page {
  /** The guide in docs/ that explains the operation, and its name as a link. */
  readonly guide: readonly [file: string, title: string];
  /** Files in examples/ that use the operation; the first one is shown. */
  readonly examples: readonly [string, ...string[]];
  /** The errors that are typical of the operation, apart from those that every operation has. */
  readonly errors: readonly ErrorCode[];
  /** What the token for GitHub needs whatever the inputs are, and why. */
  readonly github?: string;
}

const SESSIONS = ['sessions.md', 'Sessions'] as const;
const PERMISSIONS = ['git-permissions.md', 'Git permissions as code'] as const;
const AUDIT = ['audit-logs.md', 'Audit logs'] as const;
const OF_SESSIONS: readonly ErrorCode[] = ['session_failed', 'session_blocked', 'structured_output_invalid', 'timeout'];

const PAGES: Readonly<Record<string, Page>> = {
  'create-session': {
    guide: SESSIONS,
    examples: ['start-session.yml', 'comment-command.yml', 'repair-ci.yml', 'structured-gate.yml'],
    errors: [...OF_SESSIONS, 'gate_closed', 'conflict'],
  },
  'send-message': { guide: SESSIONS, examples: ['follow-up.yml'], errors: [...OF_SESSIONS, 'not_found', 'conflict'] },
  'wait-for-session': { guide: SESSIONS, examples: ['create-then-wait.yml'], errors: [...OF_SESSIONS, 'not_found'] },
  'collect-sessions': {
    guide: SESSIONS,
    examples: ['collect-sessions.yml', 'session-events.yml'],
    errors: ['permission_denied'],
    github:
      '`issues: write` for comments, `pull-requests: write` for those on pull requests, `checks: write` for checks, and `contents: write` for `dispatch_event`. Also',
  },
  'get-session': { guide: SESSIONS, examples: ['session-facts.yml'], errors: ['not_found'] },
  'list-sessions': { guide: SESSIONS, examples: ['clean-up.yml'], errors: [] },
  'terminate-session': { guide: SESSIONS, examples: ['clean-up.yml'], errors: ['not_found', 'conflict'] },
  'archive-session': { guide: SESSIONS, examples: ['clean-up.yml'], errors: ['not_found', 'conflict'] },
  'list-session-insights': { guide: SESSIONS, examples: ['weekly-insights.yml'], errors: [] },
  'review-pull-request': {
    guide: ['reviews.md', "Devin's review as a gate"],
    examples: ['devin-review.yml', 'review-on-label.yml', 'review-and-fix.yml'],
    errors: ['review_findings', 'session_failed', 'not_found', 'conflict', 'gate_closed'],
    github: '`pull-requests: read`, to read the pull request and its reviews. Also',
  },
  'sync-git-permissions': {
    guide: PERMISSIONS,
    examples: ['plan-git-permissions.yml', 'apply-git-permissions.yml', 'git-permissions-drift.yml'],
    errors: ['manifest_invalid', 'plan_changed', 'removal_limit', 'opening_limit', 'apply_incomplete', 'drift_found'],
    github: '`contents: read`, for `actions/checkout`, which fetches the manifest. Also',
  },
  'export-git-permissions': { guide: PERMISSIONS, examples: ['first-git-permissions.yml'], errors: ['conflict'] },
  'export-audit-logs': {
    guide: AUDIT,
    examples: [
      'export-audit-logs.yml',
      'audit-logs-to-s3.yml',
      'audit-logs-to-splunk.yml',
      'audit-logs-to-elastic.yml',
    ],
    errors: ['checkpoint_invalid', 'export_corrupt', 'alert_raised', 'conflict'],
  },
  'verify-audit-export': { guide: AUDIT, examples: ['backfill-audit-logs.yml'], errors: ['export_corrupt'] },
  'list-organizations': {
    guide: ['call-api.md', 'The whole API'],
    examples: ['session-per-organization.yml'],
    errors: [],
  },
  whoami: { guide: ['whoami.md', 'Identity of a credential'], examples: ['check-credential.yml'], errors: [] },
  'call-api': {
    guide: ['call-api.md', 'The whole API'],
    examples: ['export-users.yml', 'rotate-key.yml'],
    errors: ['not_found', 'api_rejected', 'conflict'],
  },
};

/** Errors that any operation that sends requests can have. */
const COMMON_ERRORS: readonly ErrorCode[] = [
  'input_invalid',
  'credential_missing',
  'credential_invalid',
  'permission_denied',
  'rate_limited',
  'api_unavailable',
  'api_contract',
  'timeout',
  'cancelled',
  'internal',
];

/** What the token for GitHub needs for an input, and why. */
const GRANTS: readonly (readonly [input: InputName, grant: string, why: string])[] = [
  ['comment', '`issues: write`, `pull-requests: write`, or `discussions: write`', 'to comment on that kind of thread'],
  ['check', '`checks: write`', 'to write the check'],
  ['check', '`pull-requests: read`', 'to find the head commit of a pull request, unless the event contains it'],
  ['context', '`actions: read`', '`context: event`: logs and steps of failed jobs'],
  ['context', '`checks: read`', '`context: event`: annotations of failed checks'],
  ['context', '`contents: read`', '`context: event`: changed files of the pull request or merge group of the event'],
  [
    'context',
    '`pull-requests: read`',
    '`context: event`: branches and changed files for a comment on a pull request, and the comments of a review',
  ],
  ['context', '`issues: read` or `pull-requests: read`', '`issue_number`: to read that issue or pull request'],
  ['reuse', '`pull-requests: read`', '`reuse: pull_request`: to read the pull request'],
  ['expected_plan_hash', '`pull-requests: read`', '`reviewed`: to read the plan in the comment'],
];

const EXAMPLES = join(import.meta.dirname, '..', 'examples');

/** The steps of an example that use an operation, as YAML. */
function stepsOf(file: string, operation: string): string {
  const text = readFileSync(join(EXAMPLES, file), 'utf8');
  const { jobs } = parseDocument(text).toJS();
  const steps = Object.values<{ steps?: unknown[] }>(jobs).flatMap((job) => job.steps ?? []);
  const own = steps.filter((step) => Object(step).with?.operation === operation);
  if (own.length === 0) throw new Error(`examples/${file} does not use ${operation}`);
  const yaml = stringify(own.slice(0, 1), { lineWidth: 0 }).trim();
  return yaml.replace(/(?<=uses: OWNER\/devin-action@\w+)$/m, ` # ${REFERENCE.comment}`);
}

const rowOf = (name: string, input: Input) => [
  `\`${name}\``,
  input.kind.label,
  defaultOf(input) === undefined ? '' : `\`${defaultOf(input)}\``,
  input.summary,
];

const errorRows = (codes: readonly ErrorCode[]) =>
  codes.map((code) => [`[\`${code}\`](../errors.md#${code})`, ERROR_CODES[code].meaning, ERROR_CODES[code].fix]);

function permissionsOf(operation: Operation): string {
  const devin = needsOf(operation);
  const own = GRANTS.filter(([input]) => input in COMMON_INPUTS || operation.inputs.some((name) => name === input));
  return [
    isLocal(operation)
      ? '**In Devin:** none; the operation needs no credential.'
      : `**In Devin:** ${devin === '' ? 'those of the endpoint' : devin}.`,
    `**In GitHub:** ${PAGES[operation.name]?.github ?? 'none (`permissions: {}`), except'} for these inputs:`,
    table(
      ['Input', 'Permission of the job', 'Why'],
      own.map(([input, grant, why]) => [`\`${input}\``, grant, why]),
    ),
  ].join('\n\n');
}

function operationPage(operation: Operation, notice: string): string {
  const page = PAGES[operation.name];
  if (page === undefined) throw new Error(`scripts/operation-pages.ts has no page for ${operation.name}`);
  const [guide, title] = page.guide;
  const [first, ...more] = page.examples;
  const example = (file: string) => `[${file}](../../examples/${file})`;
  const isRequired = (name: string) => operation.required.some((one) => one === name);
  const inputs = operation.inputs
    .filter((name) => !(name in COMMON_INPUTS) && INPUTS[name].internal !== true)
    .toSorted((a, b) => Number(isRequired(b)) - Number(isRequired(a)));
  const picture = `images/${operation.name}.png`;
  return [
    `<!-- ${notice} -->`,
    `# ${operation.name}`,
    operation.summary,
    `[${title}](../${guide}) explains it. [All operations](README.md)`,
    '## Example',
    `\`\`\`yaml\n${stepsOf(first, operation.name)}\n\`\`\``,
    `The whole workflow is ${example(first)}; the tests run it.${more.length === 0 ? '' : ` More: ${more.map(example).join(', ')}.`}`,
    ...(existsSync(join(import.meta.dirname, '..', 'docs', picture))
      ? [`![The summary of ${operation.name}](../${picture})`]
      : []),
    '## Inputs',
    inputs.length === 0
      ? 'It has no inputs of its own.'
      : table(
          ['Input', 'Form', 'Default', 'Meaning'],
          inputs.map((name) => {
            const [cell = '', ...rest] = rowOf(name, INPUTS[name]);
            return [isRequired(name) ? `${cell} (required)` : cell, ...rest];
          }),
        ),
    'The [inputs of every operation](README.md#inputs-of-every-operation) also apply.',
    '## Outputs',
    operation.outputs.length === 0
      ? 'It has no outputs of its own.'
      : table(
          ['Output', 'Meaning'],
          operation.outputs.map((name) => [`\`${name}\``, OUTPUTS[name].summary]),
        ),
    'The [outputs of every operation](README.md#outputs-of-every-operation) are also set.',
    '## Permissions',
    permissionsOf(operation),
    '## What can go wrong',
    page.errors.length === 0 ? '' : table(['`error_code`', 'Meaning', 'What to do'], errorRows(page.errors)),
    `${page.errors.length === 0 ? 'Only the' : 'The'} [errors of every operation](README.md#errors-of-every-operation)${page.errors.length === 0 ? '.' : ' are also possible.'}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function indexPage(operations: readonly Operation[], notice: string): string {
  return [
    `<!-- ${notice} -->`,
    '# Operations',
    'The input `operation` selects one of these. Each has a page with its inputs, outputs, permissions, an example, and its errors.',
    table(
      ['Operation', 'What it does'],
      operations.map(({ name, summary }) => [`[\`${name}\`](${name}.md)`, summary]),
    ),
    '## Inputs of every operation',
    table(
      ['Input', 'Form', 'Default', 'Meaning'],
      Object.entries<Input>(COMMON_INPUTS)
        .filter(([, { internal }]) => internal !== true)
        .map(([name, input]) => rowOf(name, input)),
    ),
    '## Outputs of every operation',
    table(
      ['Output', 'Meaning'],
      Object.entries(COMMON_OUTPUTS).map(([name, { summary }]) => [`\`${name}\``, summary]),
    ),
    '`result` follows [schemas/result.schema.json](../../schemas/result.schema.json). If it is over 512 KiB, it contains only a summary and `"truncated": true`, and `result_file` contains the whole result.',
    '## Errors of every operation',
    table(['`error_code`', 'Meaning', 'What to do'], errorRows(COMMON_ERRORS)),
    'The codes are stable, so a workflow can depend on them. [All codes](../errors.md)',
    '## Which operation has an input',
    table(
      ['Input', 'Operations'],
      Object.entries<Input>(INPUTS)
        .filter(([name, { internal }]) => !(name in COMMON_INPUTS) && internal !== true)
        .map(([name]) => [
          `\`${name}\``,
          operations
            .filter((operation) => operation.inputs.some((one) => one === name))
            .map((operation) => `[\`${operation.name}\`](${operation.name}.md)`)
            .join(', '),
        ])
        .toSorted(([a = ''], [b = '']) => a.localeCompare(b, 'en')),
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

/** Every page of docs/operations/, by its path from the root. */
export const operationPages = (operations: readonly Operation[], notice: string) => [
  { path: 'docs/operations/README.md', content: indexPage(operations, notice) },
  ...operations.map((operation) => ({
    path: `docs/operations/${operation.name}.md`,
    content: operationPage(operation, notice),
  })),
];

/** Pages in docs/operations/ that no operation has any more. */
export function leftOverPages(operations: readonly Operation[]): string[] {
  const folder = join(import.meta.dirname, '..', 'docs', 'operations');
  const known = new Set(['README.md', ...operations.map(({ name }) => `${name}.md`)]);
  return existsSync(folder) ? readdirSync(folder).filter((name) => !known.has(name)) : [];
}
