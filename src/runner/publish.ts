import { join } from 'node:path';
import { jsonText } from '../contract/json.ts';
import { OPERATION_OUTPUTS, type OperationOutput, type OutputData, outputTexts } from '../contract/outputs.ts';
import type { Result } from '../contract/result.ts';
import type { Env } from './inputs.ts';
import type { Log } from './log.ts';
import type { Redactor } from './redact.ts';
import { Workspace } from './workspace.ts';

/** GitHub drops a whole summary of more than 1 MiB. */
const MAX_SUMMARY_BYTES = 900 * 1024;
/** A larger result is cut to its summary in the output. */
const MAX_RESULT_BYTES = 512 * 1024;
/** All outputs of a job share 1 MiB; no single one may take most of it. */
const MAX_OUTPUT_BYTES = 256 * 1024;
/** The longest text that Linux passes to a program in one variable is 128 KiB, name and all. */
const MAX_VARIABLE_BYTES = 100_000;

const bytesOf = (text: string) => Buffer.byteLength(text);

/** The beginning of a text in at most `max` bytes, cut at the end of a line where there is one. */
export function cutToBytes(text: string, max: number): string {
  if (bytesOf(text) <= max) return text;
  // Cutting bytes may split the last character; the decoder marks that with U+FFFD, which goes.
  const cut = Buffer.from(text)
    .subarray(0, Math.max(0, max))
    .toString('utf8')
    .replace(/\uFFFD$/, '');
  const lineEnd = cut.lastIndexOf('\n');
  return lineEnd > 0 ? cut.slice(0, lineEnd + 1) : cut;
}

/** What a run leaves behind. */
export interface Publication {
  readonly result: Result;
  /** The outputs that are made of the result's data. */
  readonly outputs: readonly OperationOutput[];
  /** Markdown. */
  readonly summary: string;
  /** The input `result_file`. */
  readonly resultFile: string | undefined;
}

/** Where a run's results go. */
export interface Sinks {
  readonly env: Env;
  readonly log: Log;
  readonly redactor: Redactor;
  readonly workspace: Workspace;
}

/** The digits of a session's id: what else it may hold is not ours to vouch for. */
const SESSION_DIGITS = /^devin-([0-9a-f]{32})$/;

/** Keeps the ids of sessions from being altered by a secret that some of their digits are by chance. */
function keepIds(ids: readonly unknown[], redactor: Redactor): void {
  for (const id of ids) {
    const digits = SESSION_DIGITS.exec(String(id))?.[1];
    if (digits !== undefined) redactor.keep(digits);
  }
}

/** Writes the whole result to the wanted file, or to the runner's temporary folder; gives its path. */
async function writeResult(json: string, wanted: string | undefined, { env, log, workspace }: Sinks): Promise<string> {
  try {
    if (wanted !== undefined) return await workspace.writeFile(wanted, json);
    const temp = new Workspace(env['RUNNER_TEMP'] ?? workspace.root);
    const name = `devin-result-${env['GITHUB_RUN_ID'] ?? 'local'}-${env['GITHUB_ACTION'] ?? 'step'}.json`;
    return join(temp.root, await temp.writeFile(name.replaceAll(/[^\w.-]/g, '_'), json));
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    log.annotate('warning', 'The result file was not written', reason);
    return '';
  }
}

const isOutput = (name: string): name is OperationOutput => Object.hasOwn(OPERATION_OUTPUTS, name);
const isJson = (name: string) => isOutput(name) && OPERATION_OUTPUTS[name].form === 'json';

/** No variable of a later step could hold a NUL, and no file of UTF-8 half of a character. */
const passable = (text: string) => text.toWellFormed().replaceAll('\0', '\ufffd');

type Data = Readonly<Record<string, unknown>>;

/** The data without secrets. Its own members have names of ours, which are none. */
const cleaned = (data: Data, redactor: Redactor): Data =>
  Object.fromEntries(Object.entries(data).map(([name, value]) => [name, redactor.redactDeep(value)]));

function sized(name: string, value: string, log: Log): string {
  const isLarge = bytesOf(value) > MAX_VARIABLE_BYTES;
  if (isLarge && (name === 'result' || bytesOf(value) <= MAX_OUTPUT_BYTES)) {
    log.annotate(
      'warning',
      `The output ${name} is too large for env:`,
      `It has ${bytesOf(value)} bytes, and a variable of a step can contain about 100 kB. Read it from \`result_file\`, or pass it to an action by \`with:\`.`,
    );
  }
  if (name === 'result' || bytesOf(value) <= MAX_OUTPUT_BYTES) return value;
  log.annotate(
    'warning',
    `The output ${name} is too large`,
    `It has ${bytesOf(value)} bytes; ${isJson(name) ? 'it is left empty' : 'it is cut'}. The whole is in the result file.`,
  );
  return isJson(name) ? '' : cutToBytes(value, MAX_OUTPUT_BYTES);
}

/**
 * Writes result file, outputs, and job summary, and says whether the outputs were written. Nothing that fails here hides
 * another part: outputs that cannot be written are printed to the log instead.
 */
export async function publish({ result, outputs, summary, resultFile }: Publication, sinks: Sinks): Promise<boolean> {
  const { env, log, redactor } = sinks;
  const { data: found = {}, ...own } = result;
  keepIds([found['session_id']], redactor);
  const data = cleaned(found, redactor);
  const texts = outputTexts(outputs, data);
  const whole = {
    ...(redactor.redactDeep(own, true) as Omit<Result, 'data'>),
    ...(result.data === undefined ? {} : { data }),
  };
  const json = jsonText(whole, 2);
  const { data: _data, requests, ...rest } = { data: undefined, ...whole };
  const short = { ...rest, requests: { count: requests.count, retries: requests.retries }, truncated: true };
  const isLarge = bytesOf(json) > MAX_RESULT_BYTES;
  // Whatever is cut in one place is complete in the file.
  const isCut = bytesOf(summary) > MAX_SUMMARY_BYTES;
  const needsFile = isLarge || isCut || Object.values(texts).some((text) => bytesOf(text) > MAX_OUTPUT_BYTES);
  const file = resultFile !== undefined || needsFile ? await writeResult(json, resultFile, sinks) : '';
  const all: Record<string, string> = {
    ...texts,
    outcome: result.outcome,
    error_code: result.error?.code ?? '',
    skipped_reason: whole.skipped_reason ?? '',
    result: jsonText(isLarge ? short : whole),
    result_file: redactor.redact(file),
  };
  const fitted = Object.entries(all).map(([name, value]) => [name, sized(name, passable(value), log)] as const);
  const isWritten = await writeOutputs(fitted, env, log);
  await writeSummary(redactor.redact(summary), file, env, log);
  return isWritten;
}

/**
 * Writes outputs and a summary while the step still runs, so that they outlast a step that is killed. The ones at the
 * end replace them.
 */
export async function publishEarly(
  data: Partial<OutputData<OperationOutput>>,
  summary: string,
  { env, log, redactor }: Omit<Sinks, 'workspace'>,
): Promise<void> {
  const { sessions } = data;
  keepIds(Array.isArray(sessions) ? sessions.map((one) => Object(one).session_id) : [], redactor);
  const texts = outputTexts(Object.keys(data).filter(isOutput), cleaned(data, redactor));
  const list = Object.entries(texts).map(([name, value]) => [name, passable(value)] as const);
  if (env['GITHUB_OUTPUT']) await writeOutputs(list, env, log);
  await writeSummary(redactor.redact(summary), '', env, log);
}

type Named = readonly [name: string, value: string];

const printOutputs = (outputs: readonly Named[], log: Log) =>
  log.group(
    'Outputs',
    outputs.filter(([, value]) => value !== '').map(([name, value]) => `${name}=${value}`),
  );

/** Writes outputs where the runner reads them; without a runner, they are printed. False if they could not be written. */
async function writeOutputs(outputs: readonly Named[], env: Env, log: Log): Promise<boolean> {
  if (env['GITHUB_OUTPUT'] === undefined || env['GITHUB_OUTPUT'] === '') {
    printOutputs(outputs, log);
    return true;
  }
  try {
    const { setOutput } = await import('@actions/core');
    for (const [name, value] of outputs) setOutput(name, value);
    return true;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    log.annotate('error', 'The outputs were not written', `${reason} They are in the log of this step.`);
    printOutputs(outputs, log);
    return false;
  }
}

async function writeSummary(markdown: string, file: string, env: Env, log: Log): Promise<void> {
  if (env['GITHUB_STEP_SUMMARY'] === undefined || env['GITHUB_STEP_SUMMARY'] === '') return;
  const rest = file === '' ? '' : ` The complete result is in \`${file}\`.`;
  // The note comes first: the cut may fall into a fence or a collapsed part, where no one would read it.
  const note = `> This summary was cut to ${MAX_SUMMARY_BYTES / 1024} KiB.${rest}\n\n`;
  const text =
    bytesOf(markdown) <= MAX_SUMMARY_BYTES ? markdown : note + cutToBytes(markdown, MAX_SUMMARY_BYTES - bytesOf(note));
  try {
    const { summary } = await import('@actions/core');
    // The file belongs to this step alone; what was written early is replaced.
    await summary.addRaw(text, true).write({ overwrite: true });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    log.annotate('warning', 'The job summary was not written', reason);
  }
}
