import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { isRecord } from '../record.ts';
import { parseMapping } from '../yaml.ts';

/** Largest schema that the API takes. */
export const MAX_SCHEMA_BYTES = 64 * 1024;

/** A JSON Schema that was found usable. */
export interface OutputSchema {
  readonly schema: Readonly<Record<string, unknown>>;
  /** What is wrong with a value, one line a finding; empty if it fits. */
  check(value: unknown): string[];
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

const sentence = ({ instancePath, message, params }: ErrorObject) => {
  const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
  return `${instancePath === '' ? 'the output' : instancePath.slice(1).replaceAll('/', '.')} ${message ?? 'is invalid'}${extra}`;
};

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
  if ('$async' in schema) return 'must not be asynchronous ($async)';
  let validate: ValidateFunction;
  try {
    const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false, logger: false });
    validate = ajv.compile(schema);
  } catch (thrown) {
    return `is not a JSON Schema of Draft 7: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
  }
  return {
    schema,
    check: (value) => (validate(value) ? [] : (validate.errors ?? []).map(sentence)),
  };
}
