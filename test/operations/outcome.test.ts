import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SESSION_STATUSES, STATUS_DETAILS } from '../../src/devin/endpoints/sessions.ts';
import { hasStarted, type SessionOutcome, verdictOf } from '../../src/operations/sessions/outcome.ts';

const SUSPENSIONS = [
  'inactivity',
  'user_request',
  'usage_limit_exceeded',
  'out_of_credits',
  'out_of_quota',
  'no_quota_allocation',
  'payment_declined',
  'org_usage_limit_exceeded',
  'user_usage_limit_exceeded',
  'total_session_limit_exceeded',
];

/** The table "How a wait ends" of the README. */
function expected(status: string, detail: string | null | undefined): SessionOutcome {
  if (status === 'error') return 'failed';
  if (status === 'suspended') return detail === 'error' ? 'failed' : 'blocked';
  if (status === 'exit') return detail === 'finished' ? 'finished' : 'terminated';
  if (status !== 'running') return 'running';
  if (detail === 'finished') return 'finished';
  return detail === 'waiting_for_user' || detail === 'waiting_for_approval' ? 'waiting' : 'running';
}

describe.each(SESSION_STATUSES)('a session that is %s', (status) => {
  it.each([...STATUS_DETAILS, null, undefined])('and %s has the outcome of the README', (detail) => {
    expect(verdictOf({ status, status_detail: detail }).outcome).toBe(expected(status, detail));
  });
});

describe('what a person reads', () => {
  it.each(SUSPENSIONS)('a suspension (%s) says why, and what helps', (detail) => {
    const { headline, advice } = verdictOf({ status: 'suspended', status_detail: detail });
    expect(headline).toMatch(/^(stopped: |sleeps |was put )/);
    expect(headline).not.toContain('_');
    expect(advice).toMatch(/\.$/);
  });

  it('a question and an approval differ', () => {
    expect(verdictOf({ status: 'running', status_detail: 'waiting_for_user' }).headline).toBe('is waiting for you');
    expect(verdictOf({ status: 'running', status_detail: 'waiting_for_approval' }).headline).toContain('approval');
  });

  it('a reason that this release does not know is shown as it came', () => {
    expect(verdictOf({ status: 'suspended', status_detail: 'solar_flare' })).toMatchObject({
      outcome: 'blocked',
      headline: 'is suspended: solar flare',
    });
    expect(verdictOf({ status: 'suspended' }).headline).toBe('is suspended');
    expect(verdictOf({ status: 'suspended', status_detail: 'constructor' }).headline).toBe('is suspended: constructor');
    expect(verdictOf({ status: 'running', status_detail: 'toString' }).outcome).toBe('running');
  });
});

describe('a status that this release does not know', () => {
  it('counts as running, never as an end', () => {
    const known = new Set<string>(SESSION_STATUSES);
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string()), (status, detail) => {
        fc.pre(!known.has(status));
        expect(verdictOf({ status, status_detail: detail }).outcome).toBe('running');
        expect(verdictOf({ status, status_detail: detail }, true).outcome).toBe('running');
      }),
    );
  });
});

describe('a session that was seen as finished', () => {
  it('stays so when it then ends or falls asleep', () => {
    expect(verdictOf({ status: 'exit' }, true).outcome).toBe('finished');
    expect(verdictOf({ status: 'suspended', status_detail: 'inactivity' }, true).outcome).toBe('finished');
    expect(verdictOf({ status: 'suspended' }, true).outcome).toBe('finished');
  });

  it('is not finished when something else became of it', () => {
    expect(verdictOf({ status: 'error' }, true).outcome).toBe('failed');
    expect(verdictOf({ status: 'suspended', status_detail: 'error' }, true).outcome).toBe('failed');
    expect(verdictOf({ status: 'suspended', status_detail: 'out_of_credits' }, true).outcome).toBe('blocked');
    expect(verdictOf({ status: 'running', status_detail: 'waiting_for_user' }, true).outcome).toBe('waiting');
    expect(verdictOf({ status: 'running', status_detail: 'working' }, true).outcome).toBe('running');
  });
});

it('a session has started once it has a machine', () => {
  expect(SESSION_STATUSES.filter((status) => !hasStarted({ status }))).toEqual(['new', 'claimed', 'resuming']);
});
