import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REFERENCE } from '../scripts/release-reference.ts';
import { ROOT } from './e2e/fake-runner.ts';
import { checkWorkflows } from './workflow-runner.ts';

interface Fault {
  readonly title: string;
  /** The file that is broken, and what is replaced in it. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly finding: string;
  /** Whether the finding names the line of what was replaced; not for what is missing. */
  readonly elsewhere?: true;
}

const START = 'examples/start-session.yml';
const CI = '.github/workflows/ci.yml';
const CREATE = 'operation: create-session';

const FAULTS: readonly Fault[] = [
  {
    title: 'an input that does not exist',
    file: START,
    from: 'max_acu_limit:',
    to: 'max_acus_limit:',
    finding: 'action.yml declares no input max_acus_limit; did you mean max_acu_limit?',
  },
  {
    title: 'an input that the operation does not use',
    file: START,
    from: 'max_acu_limit: 10',
    to: 'max_results: 10',
    finding: 'create-session does not use the input max_results',
  },
  {
    title: 'a value that the input does not take',
    file: START,
    from: 'wait: finished',
    to: 'wait: finishd',
    finding: 'wait should be',
  },
  {
    title: 'an operation that does not exist',
    file: START,
    from: CREATE,
    to: 'operation: create-sesion',
    finding: 'there is no operation create-sesion; did you mean create-session?',
  },
  {
    title: 'a step without an operation',
    file: START,
    from: CREATE,
    to: 'org_id: org-1',
    finding: 'the step names no operation',
    elsewhere: true,
  },
  {
    title: 'a step without an input that its operation needs',
    file: 'examples/follow-up.yml',
    from: 'session_id: ${{ inputs.session }}',
    to: 'follow: true',
    finding: 'send-message needs the input session_id',
    elsewhere: true,
  },
  {
    title: 'an output that does not exist',
    file: START,
    from: 'outputs.pull_request_url',
    to: 'outputs.pullrequest_url',
    finding: 'action.yml declares no output pullrequest_url; did you mean pull_request_url?',
  },
  {
    title: 'an output that the operation never sets',
    file: START,
    from: 'outputs.pull_request_url',
    to: 'outputs.matrix',
    finding: 'the operation of devin does not set it',
  },
  {
    title: 'an output of a step that does not exist',
    file: START,
    from: 'steps.devin.outputs.session_url',
    to: 'steps.davin.outputs.session_url',
    finding: 'property "davin" is not defined',
  },
  {
    title: 'an output of a job that it does not hand on',
    file: 'examples/create-then-wait.yml',
    from: 'needs.start.outputs.session_id',
    to: 'needs.start.outputs.session',
    finding: 'property "session" is not defined',
  },
  {
    title: 'an expression inside of a script',
    file: START,
    from: '"Devin opened $PULL_REQUEST"',
    to: '"Devin opened ${{ steps.devin.outputs.pull_request_url }}"',
    finding: 'an expression inside of a script is run as code',
  },
  {
    title: 'a workflow without permissions',
    file: START,
    from: 'permissions: {}\n',
    to: '',
    finding: 'there are no top-level permissions',
    elsewhere: true,
  },
  {
    title: 'a permission without a reason',
    file: CI,
    from: 'contents: read # to check out',
    to: 'contents: read',
    finding: 'the permission contents lacks its reason',
  },
  {
    title: 'a permission that GitHub does not know',
    file: START,
    from: 'permissions: {}',
    to: 'permissions: { content: read }',
    finding: "Unexpected value 'content'",
  },
  {
    title: 'an action that is not pinned to a commit',
    file: CI,
    from: /actions\/checkout@.*/.exec(readFileSync(join(ROOT, CI), 'utf8'))?.[0] ?? '',
    to: 'actions/checkout@v7',
    finding: 'is not pinned to a commit',
  },
  {
    title: 'a pin that does not say its version',
    file: CI,
    from: ' # v7.0.1',
    to: '',
    finding: 'lacks its version as a comment',
  },
  {
    title: 'a checkout that leaves its token behind',
    file: CI,
    from: 'persist-credentials: false',
    to: 'fetch-depth: 1',
    finding: 'leaves its token behind',
    elsewhere: true,
  },
  {
    title: 'an example that does not ask for a pin',
    file: START,
    from: ` # ${REFERENCE.comment}`,
    to: '',
    finding: 'an example names the action as',
  },
  {
    title: 'an example that does not say when to use it',
    file: START,
    from: '# Use this',
    to: 'x-use: this',
    finding: 'an example begins with a comment',
  },
  {
    title: 'a job without a limit on its time',
    file: START,
    from: '    timeout-minutes: 65\n',
    to: '',
    finding: 'the job devin has no timeout-minutes',
    elsewhere: true,
  },
  {
    title: 'a job that ends before its step may',
    file: START,
    from: 'timeout-minutes: 65',
    to: 'timeout-minutes: 60',
    finding: "the job devin ends after 60 minutes, before the step's timeout of 1h",
    elsewhere: true,
  },
  {
    title: 'a comment for which the job has no permission',
    file: 'examples/label-trigger.yml',
    from: 'issues: write',
    to: 'issues: read',
    finding: 'a comment on the event issues needs the permission issues: write',
    elsewhere: true,
  },
  {
    title: 'an instruction that strangers write',
    file: START,
    from: 'prompt: ${{ inputs.task }}',
    to: 'prompt: ${{ github.event.issue.body }}',
    finding: 'prompt holds a text that strangers may write',
  },
  ...[
    'printf "%s\\n" "$ANSWER"',
    'echo "Devin says: ${ANSWER}"',
    'cat <<< "$ANSWER"',
    'jq -r . <<< "$ANSWER"',
    'jq -c . <<< "$ANSWER"',
    'jq -n --raw-output --arg answer "$ANSWER" \'$answer | tojson\'',
  ].map((run) => ({
    title: `text of Devin that is printed as it is: ${run}`,
    file: 'examples/follow-up.yml',
    from: `run: |\n          jq -nr --arg answer "$ANSWER" '$answer | tojson | gsub("##"; "# #")'`,
    to: `run: |\n          ${run}`,
    finding: 'ANSWER holds text of Devin',
    elsewhere: true as const,
  })),
  {
    title: 'text of Devin that comes from another job',
    file: 'examples/review-gate.yml',
    from: ' | tojson | gsub("##"; "# #")',
    to: '',
    finding: 'REVIEW holds text of Devin',
  },
  {
    title: 'a table whose cells may be formulas',
    file: 'examples/export-users.yml',
    from: 'test("^[=+@\\t\\r-]")',
    to: 'false',
    finding: 'a spreadsheet takes for a formula',
    elsewhere: true,
  },
  { title: 'a misspelled key', file: START, from: 'steps:', to: 'setps:', finding: "Unexpected value 'setps'" },
  {
    title: 'an unknown function',
    file: 'examples/structured-gate.yml',
    from: '${{ fromJSON(',
    to: '${{ fromYAML(',
    finding: "Unrecognized function: 'fromYAML'",
  },
  {
    title: 'broken YAML',
    file: START,
    from: 'wait: finished',
    to: 'wait: "finished',
    finding: 'Missing closing',
    elsewhere: true,
  },
  {
    title: 'an input of a reusable workflow that the action does not have',
    file: '.github/workflows/comment-command.yml',
    from: 'max_acu_limit:\n        type',
    to: 'max_acus:\n        type',
    finding: 'the action has no input max_acus',
  },
  {
    title: 'a reusable workflow that runs the action of another commit',
    file: '.github/workflows/comment-command.yml',
    from: '$/.github/actions/devin',
    to: 'OWNER/devin-action@v1',
    finding: 'a reusable workflow names the action as $/.github/actions/devin',
  },
  {
    title: 'an input of a reusable workflow that has no effect',
    file: '.github/workflows/export-audit-logs.yml',
    from: 'retention_days:',
    to: 'environment:',
    finding: 'environment is not used',
  },
  { title: 'a runtime that GitHub does not have', file: 'action.yml', from: 'node24', to: 'node99', finding: 'node99' },
  {
    title: 'a bundle that is not there',
    file: 'action.yml',
    from: 'dist/index.js',
    to: 'dist/main.js',
    finding: 'dist/main.js does not exist',
  },
];

test('action.yml, workflows and examples are free of faults', async () => {
  const { code, output } = await checkWorkflows();
  expect(output).not.toContain('FAIL');
  for (const name of ['action.yml', '.github/actions/devin/action.yml', '.github/workflows/ci.yml', 'examples/'])
    expect(output).toContain(`ok    ${name}`);
  expect(code).toBe(0);
});

describe('the check finds', () => {
  const home = mkdtempSync(join(tmpdir(), 'faults-'));
  const pathOf = (fault: Fault) => join(home, String(FAULTS.indexOf(fault)), fault.file);
  let found: Awaited<ReturnType<typeof checkWorkflows>>;

  beforeAll(async () => {
    for (const fault of FAULTS) {
      const text = readFileSync(join(ROOT, fault.file), 'utf8');
      expect(text, fault.title).toContain(fault.from);
      mkdirSync(dirname(pathOf(fault)), { recursive: true });
      writeFileSync(
        pathOf(fault),
        text.replace(fault.from, () => fault.to),
      );
    }
    found = await checkWorkflows(...FAULTS.map(pathOf));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  test.each(FAULTS)('$title', (fault) => {
    const text = readFileSync(join(ROOT, fault.file), 'utf8');
    const line = text.slice(0, text.indexOf(fault.from)).split('\n').length;
    const own = found.output.split('\n').filter((one) => one.includes(`${pathOf(fault)}`));
    expect(own[0]).toBe(`FAIL  ${pathOf(fault)}`);
    const finding = own.find((one) => one.includes(fault.finding));
    expect(finding, own.join('\n')).toBeDefined();
    if (!fault.elsewhere) expect(finding).toContain(`${pathOf(fault)}:${line}  `);
    expect(found.code).toBe(1);
  });
});
