import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openRemains, parseRemaining } from '../../src/operations/sessions/remains.ts';
import { readState, stateWriter } from '../../src/runner/state.ts';
import { parseFileCommands } from '../e2e/runner-grammar.ts';

const home = mkdtempSync(join(tmpdir(), 'state-'));
const file = join(home, 'state');
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** What the post step would see of what `write` leaves. */
function left(write: (env: { GITHUB_STATE: string }) => void) {
  writeFileSync(file, '');
  write({ GITHUB_STATE: file });
  const state = parseFileCommands(readFileSync(file, 'utf8'));
  return readState(Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])));
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
  const remaining = (use: (remains: ReturnType<typeof openRemains>) => void, onCancel: 'terminate' | 'leave') =>
    left((env) => use(openRemains(stateWriter(env), onCancel))).map(({ text }) => parseRemaining(text));

  test('is the session, once it has an id', () => {
    const found = remaining((remains) => {
      remains.pending('org-1', 'devin-action:0123456789ab');
      remains.pending('org-2', 'devin-action:ba9876543210');
      remains.open('org-1', 'devin-1');
    }, 'terminate');
    expect(found).toEqual([
      { org_id: 'org-1', session_id: 'devin-1', end: 'terminate' },
      { org_id: 'org-2', tag: 'devin-action:ba9876543210', end: 'terminate' },
    ]);
  });

  test('is nothing where nobody wants an end', () => {
    expect(remaining((remains) => remains.open('org-1', 'devin-1'), 'leave')).toEqual([]);
  });

  test('stays as long as the sessions that are open, however many there were', () => {
    const found = remaining((remains) => {
      for (let at = 0; at < 500; at += 1) {
        remains.open(`org-${at}`, `devin-${at}`);
        if (at !== 7) remains.settled(`org-${at}`);
      }
    }, 'terminate');
    expect(found).toEqual([{ org_id: 'org-7', session_id: 'devin-7', end: 'terminate' }]);
    expect(Object.keys(parseFileCommands(readFileSync(file, 'utf8')))).toHaveLength(2);
  });

  test('is nothing once all is settled', () => {
    const found = remaining((remains) => {
      for (let at = 0; at < 5; at += 1) remains.open(`org-${at}`, `devin-${at}`);
      remains.settled('org-3');
      remains.allSettled();
    }, 'terminate');
    expect(found).toEqual([]);
  });

  test('is understood only as it was written', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(parseRemaining(text)).toBeUndefined();
      }),
    );
  });
});
