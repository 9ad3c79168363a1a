import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { isProven, openRemains, parseRemaining, prover } from '../../src/operations/remains.ts';
import { readState, stateWriter } from '../../src/runner/state.ts';
import { parseFileCommands } from '../e2e/runner-grammar.ts';

const home = mkdtempSync(join(tmpdir(), 'state-'));
const file = join(home, 'state');
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What the post step would see of what is in the file. */
function readBack() {
  const state = parseFileCommands(readFileSync(file, 'utf8'));
  return readState(Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])));
}

/** What the post step would see of what `write` leaves. */
function left(write: (env: { GITHUB_STATE: string }) => void) {
  writeFileSync(file, '');
  write({ GITHUB_STATE: file });
  return readBack();
}

async function leftLater(write: (env: { GITHUB_STATE: string }) => Promise<void>) {
  writeFileSync(file, '');
  await write({ GITHUB_STATE: file });
  return readBack();
}

describe('the state', () => {
  test('carries any value in one line of its own, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue({ stringUnit: 'binary' }), { minLength: 1, maxLength: 5 }), (values) => {
        const found = left((env) => {
          for (const [at, value] of values.entries()) stateWriter(env)(at, value);
        });
        expect(found.map(({ text }) => JSON.stringify(JSON.parse(text)))).toEqual(values.map((v) => JSON.stringify(v)));
      }),
    );
  });

  test('holds the last value of a number, and none that was taken back', () => {
    const found = left((env) => {
      const write = stateWriter(env);
      for (const value of ['first', 'second']) write(0, value);
      write(1, 'gone');
      write(1, undefined);
    });
    expect(found).toEqual([{ name: 'STATE_devin_0', text: '"second"' }]);
  });

  test.each([undefined, '', join(home, 'missing', 'state')])('that cannot be written costs nothing: %s', (path) => {
    expect(() => stateWriter({ GITHUB_STATE: path })(0, 'x')).not.toThrow();
  });

  test('is read whatever the case of its names, and next to those of others', () => {
    const env = { STATE_devin_0: 'a', STATE_DEVIN_1: 'b', STATE_other: 'c', INPUT_DEVIN_TOKEN: 'd', STATE_devin_2: '' };
    expect(readState(env).map(({ text }) => text)).toEqual(['a', 'b']);
  });
});

describe('what remains of a step', () => {
  const prove = async () => 'proof';
  const KEY = { tag: 'devin-action:0123456789ab', scope: 'run' } as const;
  const OTHER = { tag: 'devin-action:ba9876543210', scope: 'text' } as const;
  const remaining = async (
    use: (remains: ReturnType<typeof openRemains>) => Promise<void>,
    onCancel: 'terminate' | 'leave',
  ) => {
    const found = await leftLater((env) =>
      use(openRemains(stateWriter(env), prove, { onCancel, onTimeout: 'archive' })),
    );
    return found.map(({ text }) => parseRemaining(text));
  };

  test('is the session, once it has an id', async () => {
    const found = await remaining(async (remains) => {
      await remains.pending('org-1', KEY);
      await remains.pending('org-2', KEY);
      await remains.pending('org-3', OTHER);
      await remains.open('org-1', 'devin-1');
    }, 'terminate');
    expect(found).toEqual([
      { org_id: 'org-1', session_id: 'devin-1', end: 'terminate', proof: 'proof' },
      { org_id: 'org-2', tag: KEY.tag, end: 'terminate', proof: 'proof' },
      // It may be the session of another step.
      { org_id: 'org-3', tag: OTHER.tag, end: 'leave', proof: 'proof' },
    ]);
  });

  test('is nothing once the session exists, if no one wants its end', async () => {
    const found = await remaining(async (remains) => {
      await remains.pending('org-1', KEY);
      await remains.open('org-1', 'devin-1');
    }, 'leave');
    expect(found).toEqual([]);
  });

  test('remains as long as the sessions that are open, however many there were', async () => {
    const found = await remaining(async (remains) => {
      for (let at = 0; at < 500; at += 1) {
        await remains.open(`org-${at}`, `devin-${at}`);
        if (at !== 7) remains.settled(`org-${at}`);
      }
    }, 'terminate');
    expect(found).toEqual([{ org_id: 'org-7', session_id: 'devin-7', end: 'terminate', proof: 'proof' }]);
    expect(Object.keys(parseFileCommands(readFileSync(file, 'utf8')))).toHaveLength(2);
  });

  test('is nothing once all is settled', async () => {
    const found = await remaining(async (remains) => {
      for (let at = 0; at < 5; at += 1) await remains.open(`org-${at}`, `devin-${at}`);
      remains.settled('org-3');
      remains.allSettled();
    }, 'terminate');
    expect(found).toEqual([]);
  });

  test('is what is in doubt, although the step has ended by itself', async () => {
    const found = await remaining(async (remains) => {
      await remains.pending('org-1', KEY);
      await remains.doubtful('org-1', KEY, 'timeout');
      await remains.open('org-2', 'devin-2');
      await remains.twin('org-2', KEY, 'devin-2');
      await remains.twin('org-3', KEY, 'devin-3');
      remains.settledTwin('org-3');
      remains.allSettled();
    }, 'terminate');
    expect(found).toEqual([
      { org_id: 'org-1', tag: KEY.tag, end: 'archive', proof: 'proof' },
      { org_id: 'org-2', tag: KEY.tag, keep: 'devin-2', end: 'terminate', proof: 'proof' },
    ]);
  });

  test('is proven by the credential and the job, and by nothing else', async () => {
    const job = { repository: 'acme/api', runId: '1', attempt: 1, job: 'devin' };
    const note = { org_id: 'org-1', session_id: 'devin-1', end: 'terminate' } as const;
    const proof = await prover('cog_key', job)(note);
    expect(await isProven({ ...note, proof }, prover('cog_key', job))).toBe(true);
    for (const other of [prover('cog_other', job), prover('cog_key', { ...job, runId: '2' }), prover('cog_key', {})]) {
      expect(await isProven({ ...note, proof }, other)).toBe(false);
    }
    for (const forged of [
      { ...note, session_id: 'devin-2' },
      { ...note, end: 'archive' as const },
    ]) {
      expect(await isProven({ ...forged, proof }, prover('cog_key', job))).toBe(false);
    }
    expect(await isProven({ ...note, proof: '' }, prover('cog_key', job))).toBe(false);
  });

  test('is understood only as it was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseRemaining(text)).toBeUndefined();
      }),
    );
  });
});
