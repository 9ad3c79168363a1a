import { type Fallible, failed } from '../../../contract/fallible.ts';
import { isRecord, jsonText } from '../../../contract/json.ts';
import { Thread, threadEntry } from '../../thread.ts';
import { readMapping } from '../../yaml-thread.ts';

/** Largest schema that the API takes. */
export const MAX_SCHEMA_BYTES = 64 * 1024;
/** Largest text that is read as one: YAML may have comments, and spaces. */
const MAX_TEXT_BYTES = 4 * MAX_SCHEMA_BYTES;
/** Memory of the thread that checks, in MiB. */
const MAX_MEMORY = 512;

/** A JSON Schema that was found usable. */
export interface OutputSchema {
  readonly schema: Readonly<Record<string, unknown>>;
  /**
   * What is wrong with a value, one line a finding; empty if it fits. It takes a few seconds at most: a check that would
   * take longer is a finding. Never rejects.
   */
  check(value: unknown): Promise<readonly string[]>;
}

/** What the thread that checks is asked: whether a schema is one, and whether a value fits it; both as JSON. */
export interface SchemaTask {
  readonly schema: string;
  readonly value?: string | undefined;
}

/** Its reply. */
export interface SchemaReply {
  /** What is wrong with the schema, as a clause. */
  readonly problem?: string;
  readonly findings: readonly string[];
}

const checker = new Thread<SchemaTask, SchemaReply>(
  threadEntry('../../../threads/schema-worker', import.meta.url),
  MAX_MEMORY,
);

/** Never rejects. */
async function ask(task: SchemaTask, signal?: AbortSignal): Promise<SchemaReply> {
  const asked = await checker.ask(task, signal);
  if (asked.ok) return asked.reply;
  const problem = `could not be checked: this ${asked.problem}`;
  return { problem, findings: [`the output ${problem}`] };
}

function externalReferences(node: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(node)) for (const entry of node) externalReferences(entry, found);
  if (!isRecord(node)) return found;
  for (const [key, value] of Object.entries(node)) {
    if (key === '$ref' && typeof value === 'string' && !value.startsWith('#')) found.add(value);
    else externalReferences(value, found);
  }
  return found;
}

/**
 * Reads a JSON Schema of Draft 7 and compiles it, so that a faulty one is found before anything is spent. Gives the
 * schema, or what is wrong as a clause. https://docs.devin.ai/api-reference/v3/sessions/create-session
 */
export async function readSchema(
  text: string,
  signal?: AbortSignal,
): Promise<Fallible<{ readonly schema: OutputSchema }>> {
  const size = Buffer.byteLength(text);
  if (size > MAX_TEXT_BYTES) return failed(`has ${size} bytes; at most ${MAX_TEXT_BYTES} are allowed`);
  const read = await readMapping(text, signal);
  if (!read.ok) return read;
  const schema = read.mapping;
  const json = JSON.stringify(schema);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_SCHEMA_BYTES) return failed(`has ${bytes} bytes as JSON; at most ${MAX_SCHEMA_BYTES} are allowed`);
  const external = [...externalReferences(schema)];
  if (external.length > 0) return failed(`must be self-contained, but refers to ${external.join(', ')}`);
  if ('$async' in schema) return failed('must not be asynchronous ($async)');
  const { problem } = await ask({ schema: json }, signal);
  if (problem !== undefined) return failed(problem);
  let last: { readonly value: string; readonly findings: Promise<readonly string[]> } | undefined;
  const check: OutputSchema['check'] = (value) => {
    const given = jsonText(value);
    // Each poll brings the output of the one before, as a rule.
    if (last?.value !== given) {
      last = { value: given, findings: ask({ schema: json, value: given }).then(({ findings }) => findings) };
    }
    return last.findings;
  };
  return { ok: true, schema: { schema, check } };
}
