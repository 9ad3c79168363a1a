import type { Habits } from '../../contract/habits.ts';
import { fits, isObject } from '../request/json-schema.ts';
import type { Step, TurnResult } from '../world/session-life.ts';
import type { SessionRecord } from '../world/sessions.ts';
import { fitting, misfitting } from './structured-output.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The value of a later turn differs from the one before as far as its schema lets it. */
function forTurn(value: Fields, schema: unknown, turn: number): Fields {
  if (turn === 1) return value;
  for (const [name, member] of Object.entries(value)) {
    const other =
      typeof member === 'string'
        ? `${member} (turn ${turn})`
        : typeof member === 'number'
          ? member + turn - 1
          : undefined;
    const changed = { ...value, [name]: other };
    if (other !== undefined && fits(schema, changed)) return changed;
  }
  return value;
}

function made(record: SessionRecord, turn: number): Fields | null {
  const { life, request } = record;
  const schema = request.structured_output_schema;
  if (life.output === 'none') return null;
  if (!schema) {
    const summary = turn === 1 ? 'The work is done.' : `The work of turn ${turn} is done.`;
    return life.output === 'fits' ? { summary, success: true } : { unexpected: true };
  }
  const value = life.output === 'fits' ? fitting(schema)?.value : misfitting(schema);
  return isObject(value) ? forTurn(value, schema, turn) : null;
}

const remembered = new WeakMap<SessionRecord, Map<number, Fields | null>>();

function turnValue(record: SessionRecord, result: TurnResult, turn: number): Fields | null {
  const { life, hasReport } = record;
  // A field of the report that the schema has besides these two is left out.
  if (hasReport && life.output === 'fits') return { outcome: result.outcome, summary: result.summary };
  const turns = remembered.get(record) ?? new Map<number, Fields | null>();
  remembered.set(record, turns);
  const known = turns.get(turn);
  const value = known === undefined ? made(record, turn) : known;
  turns.set(turn, value);
  return value;
}

const DRAFT: TurnResult = { outcome: 'done', summary: 'I am working on it.' };

/** The structured output that the steps of a session until now come to. It stays until the end of another turn. */
export function outputOf(record: SessionRecord, habits: Habits, past: readonly Step[], now: number): Fields | null {
  if (record.hasReport && habits.report === 'ignored') return null;
  let shown: TurnResult | undefined;
  let turn = 0;
  for (const { at, result } of past) {
    // A question is a result for a report only.
    if (result === undefined || (result.outcome !== 'done' && !record.hasReport)) continue;
    if (at + habits.late_output_ms > now) break;
    shown = result;
    turn += 1;
  }
  if (shown !== undefined) return turnValue(record, shown, turn);
  const hasSpoken = past.some(({ message }) => message?.source === 'devin');
  if (!habits.partial_output || !hasSpoken) return null;
  const draft = turnValue(record, DRAFT, 1);
  return draft && Object.fromEntries(Object.entries(draft).slice(1));
}
