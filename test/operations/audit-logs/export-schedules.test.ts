import { describe, expect, test } from 'vitest';
import { asActionError } from '../../../src/contract/errors.ts';
import { Workspace } from '../../../src/runner/workspace.ts';
import { folder, Killed, Life, QUICK, runExport } from './export-run.ts';
import { AuditApi, chance, event, exportedIds, type Trick } from './export-support.ts';

/** 2026-01-01T00:00:00Z. */
const BEGIN = 1_767_225_600;

const FAULTS: readonly Trick[] = ['status', 'reset', 'truncate', 'garbage', 'repeat-last'];

/**
 * One story: events happen, some of them show up late, runs come and go; some meet faults, some are killed at some
 * write, some are limited. In the end one run goes through.
 */
async function story(api: AuditApi, seed: number): Promise<void> {
  const random = chance(seed);
  const upTo = (most: number) => Math.floor(random() * (most + 1));
  const { root, remove } = folder(QUICK);
  let now = BEGIN + 600;
  let made = 0;
  api.events = [];
  api.pageSize = 2 + upTo(8);
  const happen = (count: number, from: number, to: number) => {
    for (let each = 0; each < count; each += 1) {
      made += 1;
      // Few seconds have many events, and many have none.
      const at = from + Math.floor(random() ** 3 * (to - from));
      api.events.push(event(`${seed}-${made}`, at, 'login', random() < 0.5 ? null : `org-${upTo(3)}`));
    }
  };
  const inputs = {
    since: String(BEGIN),
    settle: '60s',
    overlap: '10m',
    checkpoint_file: 'state/checkpoint.json',
    partition: ['none', 'none', 'none', 'day', 'day', 'hour', 'org'][upTo(6)] ?? 'none',
    compression: random() < 0.3 ? 'gzip' : 'none',
  };
  const step = async (more: Record<string, string>, writes = Number.POSITIVE_INFINITY) => {
    const life = new Life(writes);
    try {
      const workspace = life.lend(new Workspace(root));
      return await runExport({ url: api.url, root, now: now * 1_000, with: { ...inputs, ...more }, workspace });
    } catch (thrown) {
      const { code, cause } = asActionError(thrown);
      if (!(cause instanceof Killed) && !['api_unavailable', 'api_contract'].includes(code)) throw thrown;
      return undefined;
    } finally {
      await life.end();
    }
  };
  try {
    happen(upTo(24), BEGIN, now - 60);
    // Most stories are short, as most of what they cost is a run, not its events.
    for (let runs = 1 + Math.floor(3 * random() ** 2); runs > 0; runs -= 1) {
      const isFaulty = random() < 0.4;
      const fault = FAULTS[upTo(FAULTS.length - 1)] ?? 'right';
      api.trick = () => (isFaulty && random() < 0.5 ? fault : 'right');
      const limit: Record<string, string> = random() < 0.4 ? { max_events: String(1 + upTo(12)) } : {};
      await step(limit, random() < 0.5 ? upTo(30) : undefined);
      const before = now;
      now += 1 + upTo(4_000);
      happen(upTo(8), before - 60, now - 60);
      // Late, but no later than the overlap allows.
      happen(upTo(3), Math.max(BEGIN, before - 300), before - 60);
    }
    api.trick = () => 'right';
    const last = await step({});
    expect(last?.outcome).toBe('success');
    const expected = api.events.filter(({ created_at: at }) => at >= BEGIN && at < now - 60);
    const ids = exportedIds(`${root}/devin-audit-logs`);
    expect(ids.length, `twice in story ${seed}`).toBe(new Set(ids).size);
    expect(ids.toSorted(), `lost in story ${seed}`).toEqual(expected.map((each) => each.audit_log_id).toSorted());
  } finally {
    remove();
  }
}

// Each story waits for files most of the time, so several go on at once.
describe('runs that are killed, meet faults, are limited and resumed', { concurrent: true }, () => {
  const STORIES = 60;
  const BATCH = 15;
  test.each(Array.from({ length: STORIES / BATCH }, (_, at) => at * BATCH))(
    'lose no event and keep none twice (stories from %i)',
    async (first) => {
      const api = new AuditApi();
      await api.open();
      try {
        for (let seed = first; seed < first + BATCH; seed += 1) await story(api, seed);
      } finally {
        await api.close();
      }
    },
    120_000,
  );
});
