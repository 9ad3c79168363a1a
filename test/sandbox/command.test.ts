import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/sandbox.ts', import.meta.url));

function start(...given: string[]) {
  const child = spawn(process.execPath, [SCRIPT, ...given], { stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    texts.out += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    texts.err += chunk;
  });
  return { child, texts };
}

test('the command says where it listens and ends at once on a signal, a hanging request or not', async () => {
  const { child, texts } = start('--seed', '3');
  await once(child.stdout, 'data');
  const url = /^Devin API sandbox listening on (http:\/\/127\.0\.0\.1:\d+)\n$/.exec(texts.out)?.[1];
  expect(url).toBeDefined();
  const headers = { 'x-sandbox-control': '1' };
  await fetch(`${url}/sandbox/faults`, { method: 'POST', headers, body: '[{"path":"/self","hang":true}]' });
  const hanging = fetch(`${url}/v3/self`).catch(() => 'broken');
  await fetch(`${url}/sandbox/state`);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
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
      const { child, texts } = start(...given);
      expect(await once(child, 'close'), given.join(' ')).toEqual([2, null]);
      expect(texts.err.trim().split('\n')).toHaveLength(1);
      expect(texts.err).toContain('usage:');
      expect(texts.out).toBe('');
    }),
  );
});

test('a port that is taken gives one line and the exit code 2', async () => {
  const first = start();
  await once(first.child.stdout, 'data');
  const port = first.texts.out.trim().split(':').at(-1) ?? '';
  const second = start('--port', port);
  expect(await once(second.child, 'close')).toEqual([2, null]);
  expect(second.texts.err).toContain('EADDRINUSE');
  first.child.kill('SIGINT');
  expect(await once(first.child, 'exit')).toEqual([0, null]);
});
