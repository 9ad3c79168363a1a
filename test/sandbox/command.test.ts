import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { NODE_24 } from '../e2e/fake-runner.ts';
import { startProgram } from '../programs/index.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/sandbox.ts', import.meta.url));

const start = (...given: string[]) => startProgram(NODE_24, [SCRIPT, ...given]);

test('the command says where it listens and ends at once on a signal, a hanging request or not', async () => {
  const command = start('--seed', '3');
  await command.until(/\n/);
  const url = /^Devin API sandbox listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(command.texts.stdout)?.[1];
  expect(url).toBeDefined();
  const headers = { 'x-sandbox-control': '1' };
  await fetch(`${url}/sandbox/faults`, { method: 'POST', headers, body: '[{"path":"/self","hang":true}]' });
  const hanging = fetch(`${url}/v3/self`).catch(() => 'broken');
  await fetch(`${url}/sandbox/state`);
  command.kill('SIGTERM');
  expect(await command.ended).toBe(0);
  expect(await hanging).toBe('broken');
});

test('wrong arguments give one line and the exit code 2', async () => {
  const wrong = [
    ['--habits', 'turn_end:done'],
    ['--prot', '1'],
    ['--port', '99999'],
    ['--port', 'x'],
    ['--seed', '1.5'],
    ['extra'],
  ];
  await Promise.all(
    wrong.map(async (given) => {
      const { ended, texts } = start(...given);
      expect(await ended, given.join(' ')).toBe(2);
      expect(texts.stderr.trim().split('\n')).toHaveLength(1);
      expect(texts.stderr).toContain('usage:');
      expect(texts.stdout).toBe('');
    }),
  );
});

test('a port that is taken gives one line and the exit code 2', async () => {
  const first = start();
  await first.until(/\n/);
  const port = first.texts.stdout.trim().split(':').at(-1) ?? '';
  const second = start('--port', port);
  expect(await second.ended).toBe(2);
  expect(second.texts.stderr).toContain('EADDRINUSE');
  first.kill('SIGINT');
  expect(await first.ended).toBe(0);
});
