import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SESSION_STATUSES, STATUS_DETAILS } from '../../src/devin/endpoints/sessions.ts';
import {
  type Evidence,
  hasStarted,
  RULES,
  type SessionOutcome,
  suspensionOf,
  verdictOf,
} from '../../src/operations/sessions/outcome/outcome.ts';
import { ROOT } from '../e2e/fake-runner.ts';

const LIMITS = [
  'usage_limit_exceeded',
  'out_of_credits',
  'out_of_quota',
  'no_quota_allocation',
  'payment_declined',
  'org_usage_limit_exceeded',
  'user_usage_limit_exceeded',
  'total_session_limit_exceeded',
  'contract_expired',
];

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  status: 'running',
  detail: 'waiting_for_user',
  output: 'none',
  report: 'none',
  pullRequest: false,
  replied: false,
  finishedBefore: false,
  ...more,
});

/** A session of which nothing is known but its state. */
function bare(status: string, detail: string | null): SessionOutcome {
  if (status === 'error') return 'failed';
  if (status === 'exit') return detail === 'error' ? 'failed' : detail === 'finished' ? 'finished' : 'terminated';
  if (status === 'suspended') {
    if (detail === 'error') return 'failed';
    if (detail === 'inactivity' || detail === 'user_request') return 'waiting';
    return LIMITS.includes(detail ?? '') ? 'blocked' : 'running';
  }
  if (status !== 'running') return 'running';
  if (detail === 'finished') return 'finished';
  return detail === 'waiting_for_user' || detail === 'waiting_for_approval' ? 'waiting' : 'running';
}

describe.each([...SESSION_STATUSES, 'unknown'])(
  'a session without output, report or pull request that is %s',
  (status) => {
    it.each([...STATUS_DETAILS, 'contract_expired', null])('and %s has one outcome', (detail) => {
      // An approval is requested only by a session that runs; the state of any other decides.
      if (status !== 'running' && detail === 'waiting_for_approval') return;
      expect(verdictOf(evidence({ status, detail })).outcome).toBe(bare(status, detail));
    });
  },
);

describe('what exists decides about a session that has stopped', () => {
  const STOPPED: readonly (readonly [status: string, detail: string | null])[] = [
    ['running', 'waiting_for_user'],
    ['suspended', 'inactivity'],
    ['suspended', 'user_request'],
    ['suspended', 'out_of_credits'],
    ['exit', null],
  ];
  const FOUND: readonly (readonly [Partial<Evidence>, SessionOutcome])[] = [
    [{ output: 'fits' }, 'finished'],
    [{ report: 'done' }, 'finished'],
    [{ report: 'question' }, 'waiting'],
    [{ report: 'blocked' }, 'blocked'],
    [{ pullRequest: true }, 'finished'],
    [{ pullRequest: true, output: 'misfits' }, 'finished'],
    [{ report: 'question', pullRequest: true }, 'waiting'],
  ];
  it.each(
    STOPPED.flatMap(([status, detail]) => FOUND.map(([more, outcome]) => [status, detail, more, outcome] as const)),
  )('%s, %s with %j: %s', (status, detail, more, outcome) => {
    expect(verdictOf(evidence({ status, detail, ...more })).outcome).toBe(outcome);
  });

  it('but a failure stays one, and an approval has to be given', () => {
    const all: Partial<Evidence> = { output: 'fits', report: 'done', pullRequest: true, replied: true };
    expect(verdictOf(evidence({ ...all, status: 'error', detail: null })).outcome).toBe('failed');
    expect(verdictOf(evidence({ ...all, status: 'suspended', detail: 'error' })).outcome).toBe('failed');
    expect(verdictOf(evidence({ ...all, detail: 'waiting_for_approval' })).outcome).toBe('waiting');
  });

  it('a reply with an old report finishes a turn, unless the session ended or hit a limit', () => {
    const of = (status: string, detail: string | null) =>
      verdictOf(evidence({ status, detail, replied: true })).outcome;
    expect(of('running', 'waiting_for_user')).toBe('finished');
    expect(of('suspended', 'inactivity')).toBe('finished');
    expect(of('exit', null)).toBe('terminated');
    expect(of('suspended', 'out_of_credits')).toBe('blocked');
  });

  it('one that was finished stays so when it then ends or falls asleep', () => {
    const of = (status: string, detail: string | null) =>
      verdictOf(evidence({ status, detail, finishedBefore: true })).outcome;
    expect(of('exit', null)).toBe('finished');
    expect(of('suspended', 'inactivity')).toBe('finished');
    expect(of('suspended', 'out_of_credits')).toBe('blocked');
    expect(of('running', 'waiting_for_user')).toBe('waiting');
  });
});

describe('a session that has not stopped', () => {
  it('is running, whatever exists already: partial output does not count', () => {
    const anything = fc.record({
      output: fc.constantFrom<Evidence['output']>('none', 'fits', 'misfits'),
      report: fc.constantFrom<Evidence['report']>('none', 'done', 'question', 'blocked'),
      pullRequest: fc.boolean(),
      replied: fc.boolean(),
      finishedBefore: fc.boolean(),
    });
    const state = fc.constantFrom(
      { status: 'new', detail: null },
      { status: 'claimed', detail: null },
      { status: 'resuming', detail: null },
      { status: 'running', detail: null },
      { status: 'running', detail: 'working' },
      { status: 'suspended', detail: null },
    );
    fc.assert(
      fc.property(state, anything, (where, what) => {
        const verdict = verdictOf({ ...where, ...what });
        expect(verdict).toMatchObject({ outcome: 'running' });
        expect(verdict).not.toHaveProperty('unknown');
      }),
    );
  });

  it('has started once it has a machine', () => {
    const states = [...SESSION_STATUSES, 'unknown', 'queued'];
    expect(states.filter((status) => !hasStarted({ status }))).toEqual([
      'new',
      'claimed',
      'resuming',
      'unknown',
      'queued',
    ]);
  });
});

describe('a state that this release does not know', () => {
  it('is never an end, and is reported as it came', () => {
    const known = new Set<string>(SESSION_STATUSES);
    const any = fc.record({ status: fc.string(), detail: fc.option(fc.string()), pullRequest: fc.boolean() });
    fc.assert(
      fc.property(any, (more) => {
        fc.pre(!known.has(more.status));
        expect(verdictOf(evidence({ output: 'fits', report: 'done', ...more }))).toMatchObject({
          outcome: 'running',
          unknown: true,
        });
      }),
    );
  });

  it.each([
    ['running', 'solar_flare', 'running · solar flare'],
    ['suspended', 'solar_flare', 'suspended · solar flare'],
    ['suspended', 'constructor', 'suspended · constructor'],
    ['running', 'toString', 'running · toString'],
    ['hibernating', null, 'hibernating'],
  ])('%s, %s is shown as %s', (status, detail, shown) => {
    const { headline, advice } = verdictOf(evidence({ status, detail }));
    expect(headline).toBe(`is in a state that is unknown to this release: ${shown}`);
    expect(advice).not.toContain('timeout');
  });
});

describe('what a person reads', () => {
  it.each(LIMITS)('a limit (%s) says why Devin stopped, and what helps', (detail) => {
    const { headline, advice } = verdictOf(evidence({ status: 'suspended', detail }));
    expect(headline).toMatch(/^stopped: /);
    expect(headline).not.toContain('_');
    expect(advice).toMatch(/\.$/);
    expect(suspensionOf(detail)).toBe(headline);
  });

  it('a question, an approval and a sleep differ', () => {
    const of = (more: Partial<Evidence>) => verdictOf(evidence(more)).headline;
    expect(of({})).toBe('has a question');
    expect(of({ detail: 'waiting_for_approval' })).toBe('needs an approval');
    expect(of({ status: 'suspended', detail: 'inactivity' })).toContain('asleep');
  });
});

/** The rows of the table in the documentation. */
function documented(): readonly (readonly string[])[] {
  const text = readFileSync(join(ROOT, 'docs', 'outcomes.md'), 'utf8');
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith('| # |'));
  const rows = lines.slice(from + 2);
  const table = rows.slice(
    0,
    rows.findIndex((line) => !line.startsWith('|')),
  );
  return table.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

it('docs/outcomes.md has the same table', () => {
  const rows = documented().map(([number, when, outcome]) => [number, when, outcome]);
  expect(rows).toEqual(RULES.map(({ when, outcome }, at) => [String(at + 1), when, `\`${outcome}\``]));
});
