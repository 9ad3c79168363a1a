import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parse as parseYaml } from 'yaml';

/** Largest schema that the API takes. */
export const MAX_SCHEMA_BYTES = 64 * 1024;

/** A JSON Schema that was found usable. */
export interface OutputSchema {
  readonly schema: Readonly<Record<string, unknown>>;
  /** What is wrong with a value, one line a finding; empty if it fits. */
  check(value: unknown): string[];
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function externalReferences(node: unknown, found: Set<string> = new Set()): Set<string> {
  if (Array.isArray(node)) for (const entry of node) externalReferences(entry, found);
  if (!isRecord(node)) return found;
  for (const [key, value] of Object.entries(node)) {
    if (key === '$ref' && typeof value === 'string' && !value.startsWith('#')) found.add(value);
    else externalReferences(value, found);
  }
  return found;
}

const sentence = ({ instancePath, message, params }: ErrorObject) => {
  const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
  return `${instancePath === '' ? 'the output' : instancePath.slice(1).replaceAll('/', '.')} ${message ?? 'is wrong'}${extra}`;
};

/** Parses JSON or YAML that must be a mapping. Gives the mapping, or what is wrong as a clause. */
export function parseMapping(text: string): Record<string, unknown> | string {
  try {
    // The limit on aliases keeps a small text from unfolding into gigabytes.
    const value: unknown = parseYaml(text, { maxAliasCount: 100, prettyErrors: true });
    if (!isRecord(value)) return 'is no mapping of names to values';
    // An alias to its own ancestor, or a depth that no reader takes, would fail only when the request is written.
    JSON.stringify(value);
    return value;
  } catch (thrown) {
    const [first = ''] = String(thrown instanceof Error ? thrown.message : thrown).split('\n');
    return `is neither JSON nor YAML: ${first.replace(/:$/, '')}`;
  }
}

/**
 * Reads a JSON Schema of Draft 7 and compiles it, so that a faulty one is found before anything is spent. Gives the
 * schema, or what is wrong as a clause. https://docs.devin.ai/api-reference/v3/sessions/create-session
 */
export function readSchema(text: string): OutputSchema | string {
  const schema = parseMapping(text);
  if (typeof schema === 'string') return schema;
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > MAX_SCHEMA_BYTES) return `has ${bytes} bytes as JSON; at most ${MAX_SCHEMA_BYTES} are allowed`;
  const external = [...externalReferences(schema)];
  if (external.length > 0) return `must be self-contained, but refers to ${external.join(', ')}`;
  if ('$async' in schema) return 'may not be asynchronous ($async)';
  let validate: ValidateFunction;
  try {
    const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false });
    validate = ajv.compile(schema);
  } catch (thrown) {
    return `is no JSON Schema of Draft 7: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
  return {
    schema,
    check: (value) => (validate(value) ? [] : (validate.errors ?? []).map(sentence)),
  };
}
