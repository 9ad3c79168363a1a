// The entry of the thread that checks structured output. A schema may hold patterns that take years for a short text, and
// the thread that waits for a session must not stop for it. scripts/build.ts makes dist/schema-worker.js of it.
import { Script } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { type Fallible, failed } from '../contract/fallible.ts';
import type { SchemaReply, SchemaTask } from '../operations/sessions/request/structured.ts';

/** How long a schema may take to be compiled, and a value to be checked, in milliseconds of real time. */
const COMPILE_MS = 4_000;
const CHECK_MS = 2_000;
/** Maximum number of findings that are reported. */
const MAX_FINDINGS = 50;

const script = new Script('globalThis.schemaTask()');

/** Runs a task that is ended after its time, whatever it does. Undefined if it took longer. */
function limited<T>(task: () => T, timeout: number): T | undefined {
  let result: T | undefined;
  Reflect.set(globalThis, 'schemaTask', () => {
    result = task();
  });
  try {
    script.runInThisContext({ timeout });
    return result;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
    throw thrown;
  }
}

const messageOf = (thrown: unknown) => (thrown instanceof Error ? thrown.message : String(thrown));

type Compiled = Fallible<{ readonly validate: ValidateFunction }>;

function compile(text: string): Compiled {
  try {
    const schema: unknown = JSON.parse(text);
    const options = {
      allErrors: true,
      strict: false,
      validateFormats: false,
      inlineRefs: false,
      logger: false,
    } as const;
    const isSchema = typeof schema === 'boolean' || (typeof schema === 'object' && schema !== null);
    const validate = limited(() => new Ajv(options).compile(isSchema ? schema : true), COMPILE_MS);
    if (validate !== undefined) return { ok: true, validate };
    return failed(`is too complex: it cannot be compiled within ${COMPILE_MS / 1_000} s`);
  } catch (thrown) {
    return failed(`is not a JSON Schema of Draft 7: ${messageOf(thrown)}`);
  }
}

const sentence = ({ instancePath, message, params }: ErrorObject) => {
  const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
  return `${instancePath === '' ? 'the output' : instancePath.slice(1).replaceAll('/', '.')} ${message ?? 'is wrong'}${extra}`;
};

function findingsOf(validate: ValidateFunction, text: string): string[] {
  const value: unknown = JSON.parse(text);
  try {
    const fits = limited(() => validate(value) === true, CHECK_MS);
    if (fits === undefined)
      return [`the output could not be checked within ${CHECK_MS / 1_000} s: its schema is too complex`];
    const errors = fits ? [] : (validate.errors ?? []);
    const more = errors.length - MAX_FINDINGS;
    return [...errors.slice(0, MAX_FINDINGS).map(sentence), ...(more > 0 ? [`and ${more} more`] : [])];
  } catch (thrown) {
    return [`the output could not be checked: ${messageOf(thrown)}`];
  }
}

let known: { readonly text: string; readonly compiled: Compiled } | undefined;

function replyTo({ schema, value }: SchemaTask): SchemaReply {
  if (known?.text !== schema) known = { text: schema, compiled: compile(schema) };
  const { compiled } = known;
  if (!compiled.ok) return { problem: compiled.problem, findings: [] };
  return { findings: value === undefined ? [] : findingsOf(compiled.validate, value) };
}

parentPort?.on('message', ({ id, task }: { readonly id: number; readonly task: SchemaTask }) => {
  parentPort?.postMessage({ id, reply: replyTo(task) });
});
