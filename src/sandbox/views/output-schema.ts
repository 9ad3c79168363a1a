import { outsideReferences } from '../request/json-schema.ts';
import { invalidField } from '../request/problem.ts';

const MAX_SCHEMA_BYTES = 64 * 1024;

/** @throws a 422 for a schema of structured output that is too big or refers outwards. */
export function checkSchema(schema: Readonly<Record<string, unknown>> | null | undefined): void {
  if (!schema) return;
  const loc = ['body', 'structured_output_schema'];
  if (Buffer.byteLength(JSON.stringify(schema)) > MAX_SCHEMA_BYTES) {
    throw invalidField(loc, 'The schema should be at most 64 KB', 'too_big');
  }
  const [outside] = outsideReferences(schema);
  if (outside !== undefined) {
    throw invalidField(loc, `The schema should be self-contained, but refers to ${outside}`, 'external_ref');
  }
}
