import fc from 'fast-check';
import type { AuditEvent } from '../../../src/operations/audit-logs/events/event.ts';
import { parseEvent } from '../../../src/operations/audit-logs/events/parse-event.ts';
import { loadFormat, type TextFormat } from '../../../src/operations/audit-logs/formats/index.ts';

/** Whether a value is an object with members. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object out of JSON text. */
export function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error(`no object: ${text}`);
  return value;
}

/** A format that writes lines. */
export async function textFormat(name: 'jsonl' | 'csv' | 'ocsf' | 'ecs' | 'cef'): Promise<TextFormat> {
  const format = await loadFormat(name);
  if (!('encode' in format)) throw new Error(`${name} writes no lines`);
  return format;
}

/** An ordinary event, with some fields changed. */
export function eventOf(changes: Readonly<Record<string, unknown>> = {}): AuditEvent {
  const raw = {
    audit_log_id: 'audit-log-1',
    action: 'create_session',
    created_at: 1_790_000_000,
    data: { session_id: 'devin-1' },
    org_id: 'org-1',
    user_id: 'user-1',
    user_email: 'octocat@example.com',
    service_user_id: null,
    service_user_name: null,
    ...changes,
  };
  return parseEvent(JSON.stringify(raw), false);
}

/** Any UTF-16, half surrogates included. */
const wild = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 })
  .map((units) => String.fromCharCode(...units));

/** Texts that trip careless writers. */
const hostileText = fc.oneof(
  wild,
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(
    '=cmd()',
    "'=1",
    "''@x",
    '+1',
    '-1',
    '@a',
    '\tx',
    '\r\n',
    'a\nb',
    'a,"b"',
    'a|b\\c=d',
    'x cs1=evil',
    '\ud800',
    '\u2028',
    '\u0000',
    '::warning::x',
    '__proto__',
    'constructor',
  ),
);

const nullableText = fc.option(hostileText);
const deep = fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' });
const odd = fc.oneof(nullableText, deep, fc.double(), fc.bigInt().map(Number));

/** Members as JSON text, for keys that an object literal could not have. */
const members = fc
  .array(fc.tuple(fc.oneof(hostileText, fc.constantFrom('__proto__', 'toString', 'ip', 'name', 'role')), odd), {
    maxLength: 5,
  })
  .map(
    (entries) => `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`,
  );

/** Events as nobody would expect them: every field hostile, fields that nobody documented, nested and huge values. */
export const hostileEvent: fc.Arbitrary<AuditEvent> = fc
  .record({
    id: hostileText.filter((id) => id !== ''),
    at: fc.integer({ min: 0, max: 4_102_444_800 }),
    action: fc.oneof(
      fc.constantFrom('login', 'assign_roles', 'add_member', 'create_role', 'create_secret'),
      hostileText,
    ),
    data: fc.oneof(
      members,
      odd.map((value) => JSON.stringify(value)),
    ),
    other: members,
    fields: fc.record({ org_id: odd, user_id: odd, user_email: odd, service_user_id: odd, service_user_name: odd }),
  })
  .map(({ id, at, action, data, other, fields }) => {
    const known = JSON.stringify({ audit_log_id: id, action, created_at: at, ...fields });
    const text = [known.slice(0, -1), `"data":${data}`, ...(other === '{}' ? [] : [other.slice(1, -1)])].join(',');
    // A field that comes twice is the last one, as in every reader of JSON; the known ones stay what they are.
    return { ...parseEvent(`${text}}`, true), id, at, action };
  });
