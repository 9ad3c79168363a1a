import * as z from 'zod/mini';
import { type InputName, type InputValues, isInputName } from '../../../contract/inputs.ts';
import { MAX_TAGS, SessionCreateRequest } from '../../../devin/endpoints/sessions.ts';
import { whyMissing } from '../../../runner/checkout.ts';
import { firstLine } from '../../../runner/text.ts';
import type { FoundFile } from '../../../runner/workspace.ts';
import type { Checks } from '../../operation.ts';
import type { OutputSchema } from './structured.ts';
import { reservedTags, TAG_INPUTS } from './tags.ts';
import type { Upload } from './uploads.ts';

/** Largest prompt or schema file that is read. */
const MAX_FILE_BYTES = 1024 * 1024;

/** Inputs that go into the request as they are, under their own names. */
const PLAIN_FIELDS = [
  'title',
  'tags',
  'repos',
  'playbook_id',
  'child_playbook_id',
  'knowledge_ids',
  'secret_ids',
  'session_links',
  'attachment_urls',
  'max_acu_limit',
  'devin_mode',
  'platform',
  'resumable',
  'bypass_approval',
  'create_as_user_id',
  'structured_output_required',
] as const satisfies readonly InputName[];

/** Inputs of which the schema of the structured output is read. */
export const SCHEMA_INPUTS = ['structured_output_schema', 'structured_output_schema_file'] as const;

/** Inputs of which the request of a new session is made. */
export const REQUEST_INPUTS = [
  'prompt',
  'prompt_file',
  ...PLAIN_FIELDS,
  'session_secrets',
  ...SCHEMA_INPUTS,
  'attachments',
  'extra_body',
  ...TAG_INPUTS,
] as const satisfies readonly InputName[];

type RequestInputs = Partial<InputValues<(typeof REQUEST_INPUTS)[number] | 'wait'>>;

/** A request that was found right. */
export interface PreparedSession {
  readonly body: z.input<ReturnType<typeof SessionCreateRequest>>;
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly schema: OutputSchema | undefined;
  /** What to upload before the session is created; the addresses come on top of `attachment_urls`. */
  readonly uploads: readonly Upload[];
}

/** A prompt in short; the prompt itself is not shown. */
export interface PromptFacts {
  /** The beginning of its first line. */
  readonly beginning: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Says of a prompt what may be shown. Node's crypto is loaded only here, after the request that matters is out. */
export async function promptFacts(text: string, redact: (text: string) => string): Promise<PromptFacts> {
  const { createHash } = await import('node:crypto');
  return {
    beginning: firstLine(redact(text)),
    sha256: createHash('sha256').update(text).digest('hex'),
    bytes: Buffer.byteLength(text),
  };
}

/** A text that comes from one input or from a file that another one names; both at once are a problem. */
export async function textOrFile(
  names: readonly [text: InputName, file: InputName],
  values: readonly [text: string | undefined, file: string | undefined],
  checks: Checks,
): Promise<string | undefined> {
  const [[textName, fileName], [text, file]] = [names, values];
  if (text !== undefined && file !== undefined) {
    checks.problem(fileName, `is set together with ${textName}; set only one of them`);
    return undefined;
  }
  if (file === undefined) return text;
  const read = await checks.workspace.readText(file, MAX_FILE_BYTES);
  if (!read.ok) {
    const why = await whyMissing(checks.workspace, file);
    checks.problem(fileName, `names ${JSON.stringify(file)}, which ${read.problem}${why}`);
    return undefined;
  }
  if (read.text.trim() === '') checks.problem(fileName, `names ${JSON.stringify(file)}, which is empty`);
  return read.text;
}

/** Reads the schema of the structured output, if one is given. Its code is loaded only then. */
export async function prepareSchema(
  inputs: Partial<InputValues<(typeof SCHEMA_INPUTS)[number]>>,
  checks: Checks,
): Promise<OutputSchema | undefined> {
  const [inline, file] = [inputs.structured_output_schema, inputs.structured_output_schema_file];
  const text = await textOrFile(SCHEMA_INPUTS, [inline, file], checks);
  if (text === undefined || text.trim() === '') return undefined;
  const { readSchema } = await import('./structured.ts');
  const read = await readSchema(text, checks.signal);
  if (read.ok) return read.schema;
  checks.problem(inline === undefined ? 'structured_output_schema_file' : 'structured_output_schema', read.problem);
  return undefined;
}

async function prepareExtra(text: string | undefined, checks: Checks): Promise<Record<string, unknown>> {
  if (text === undefined) return {};
  const { readMapping } = await import('../../yaml-thread.ts');
  const read = await readMapping(text, checks.signal);
  if (!read.ok) {
    checks.problem('extra_body', read.problem);
    return {};
  }
  const extra = read.mapping;
  const known = Object.keys(SessionCreateRequest().shape).filter((name) => name in extra);
  for (const name of known) checks.problem('extra_body', `sets ${name}; use the input ${name} for it`);
  return extra;
}

/** The files to upload. The code that finds them is loaded only where there are some. */
export async function prepareUploads(
  patterns: readonly string[] | undefined,
  checks: Checks,
): Promise<readonly FoundFile[]> {
  if (patterns === undefined) return [];
  const { findUploads } = await import('./uploads.ts');
  return await findUploads(patterns, checks);
}

function checkTags(inputs: RequestInputs, { problem }: Checks): void {
  const given = (inputs.tags ?? []).length;
  const reserved = reservedTags(inputs);
  const most = MAX_TAGS - reserved.length;
  // What is too much by itself is said with the other fields of the request.
  if (given > MAX_TAGS || given <= most) return;
  const added = reserved.length === 1 ? 'adds one' : `add ${reserved.length}`;
  problem(
    'tags',
    `has ${given} entries, and ${[...new Set(reserved)].join(' and ')} ${added} to the maximum of ${MAX_TAGS} per session; set at most ${most}`,
  );
}

/**
 * Composes the request of a new session, and reports everything that is wrong with it. With `fromEvent` the event may
 * say what is to be done, so that the prompt may be empty.
 */
export async function prepareSession(
  inputs: RequestInputs,
  checks: Checks,
  fromEvent = false,
): Promise<PreparedSession> {
  const text = await textOrFile(['prompt', 'prompt_file'], [inputs.prompt, inputs.prompt_file], checks);
  if (inputs.prompt === undefined && inputs.prompt_file === undefined && !fromEvent) {
    checks.problem('prompt', 'is missing; describe the task in `prompt` or `prompt_file`');
  }
  const schema = await prepareSchema(inputs, checks);
  const extraBody = await prepareExtra(inputs.extra_body, checks);
  const uploads = await prepareUploads(inputs.attachments, checks);
  checkTags(inputs, checks);
  const given = PLAIN_FIELDS.filter((name) => inputs[name] !== undefined);
  const secrets = [...(inputs.session_secrets ?? [])].map(([key, value]) => ({ key, value, sensitive: true }));
  const prompt = (text ?? '').toWellFormed();
  const body: PreparedSession['body'] = {
    prompt,
    ...Object.fromEntries(given.map((name) => [name, inputs[name]])),
    ...(secrets.length === 0 ? {} : { session_secrets: secrets }),
    ...(schema === undefined ? {} : { structured_output_schema: schema.schema }),
  };
  reportIssues(z.safeParse(SessionCreateRequest(), body).error?.issues ?? [], checks);
  return { body, extraBody, schema, uploads };
}

function reportIssues(issues: readonly z.core.$ZodIssue[], checks: Checks): void {
  for (const { path, message } of issues) {
    const [field, ...rest] = path.map(String);
    const name = field !== undefined && isInputName(field) ? field : 'extra_body';
    checks.problem(name, `${rest.length === 0 ? '' : `at ${rest.join('.')}: `}${message}`);
  }
}
