import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { atEnd } from '../at-end.ts';
import { NODE_24, ROOT } from '../e2e/fake-runner.ts';
import { runProgram } from '../programs/index.ts';
import { FAST_NODE, fieldClock } from './clock.ts';
import { ORG_KEY } from './server/index.ts';
import { field, fields } from './support.ts';

/** Runs a module in a process with the fast clock; returns what it printed as JSON. */
async function inFastProcess(source: string, { env } = fieldClock(20)): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'clock-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'main.mjs');
  writeFileSync(file, source);
  const options = { env: { PATH: process.env['PATH'] ?? '', ...env } };
  const { stdout, stderr } = await runProgram(NODE_24, [...FAST_NODE, file], options);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

/** The client that the bundle contains. */
const undici = pathToFileURL(createRequire(join(ROOT, 'package.json')).resolve('undici')).href;

describe.concurrent('the fast clock', () => {
  test('makes every clock and every timer of a process run as fast', async () => {
    const result = await inFastProcess(`
      import { setTimeout as delay, setInterval as every, scheduler } from 'node:timers/promises';
      import { setTimeout as timer } from 'node:timers';
      import { promisify } from 'node:util';
      const real = process.hrtime.bigint();
      const [date, now, precise] = [new Date(), Date.now(), performance.now()];
      await delay(1_000);
      await scheduler.wait(1_000);
      await promisify(setTimeout)(1_000);
      await new Promise((resolve) => timer(resolve, 1_000));
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await new Promise((resolve) => { const id = setInterval(() => { clearInterval(id); resolve(); }, 1_000); });
      for await (const _ of every(1_000)) break;
      const { reason } = await new Promise((resolve) => {
        const signal = AbortSignal.timeout(1_000);
        const alive = setTimeout(() => {}, 60_000);
        signal.addEventListener('abort', () => { clearTimeout(alive); resolve(signal); });
      });
      const spent = Number(process.hrtime.bigint() - real) / 1e6;
      console.log(JSON.stringify({
        ratios: [new Date() - date, Date.now() - now, performance.now() - precise].map((ms) => ms / spent),
        longEnough: Date.now() - now >= 7_900,
        reason: reason.name,
        isDate: new Date() instanceof Date && Object.prototype.toString.call(date) === '[object Date]',
        given: new Date(0).toISOString() + new Date(2026, 0).getFullYear() + typeof Date(),
      }));`);
    expect(result).toMatchObject({
      longEnough: true,
      reason: 'TimeoutError',
      isDate: true,
      given: '1970-01-01T00:00:00.000Z2026string',
    });
    const { ratios } = fields(result);
    expect(ratios).toEqual([0, 1, 2].map(() => expect.closeTo(20, 0)));
  });

  test('cancels a timer, and a delay that is aborted', async () => {
    const result = await inFastProcess(`
      import { setTimeout as delay } from 'node:timers/promises';
      let fired = false;
      clearTimeout(setTimeout(() => { fired = true; }, 1_000));
      const error = await delay(60_000, undefined, { signal: AbortSignal.timeout(1_000) }).catch((thrown) => thrown);
      await delay(2_000);
      console.log(JSON.stringify({ fired, code: error.code }));`);
    expect(result).toEqual({ fired: false, code: 'ABORT_ERR' });
  });

  test('gives a process the time of the API', async () => {
    const clock = fieldClock(20);
    const before = clock.now();
    const then = await inFastProcess('console.log(Date.now())', clock);
    expect(then).toBeGreaterThanOrEqual(Math.floor(before));
    expect(then).toBeLessThanOrEqual(clock.now());
  });

  test('leaves requests over undici as they are: responses, kept connections, time limits and aborts', async () => {
    const api = await field();
    api.before({ path: '/late', times: 1 }, api.late(2, { status: 200, raw: 'late' }));
    api.before({ path: '/hang' }, 'hang');
    const result = await inFastProcess(
      `
      import { Agent, request } from ${JSON.stringify(undici)};
      const dispatcher = new Agent({ headersTimeout: 10_000, bodyTimeout: 10_000 });
      const call = (path, more = {}) => request('${api.url}' + path, { dispatcher, headers: { authorization: 'Bearer ${ORG_KEY}' }, ...more });
      const statuses = [];
      for (let count = 0; count < 3; count += 1) {
        const { statusCode, body } = await call('/v3/self');
        await body.json();
        statuses.push(statusCode);
      }
      const late = await (await call('/late')).body.text();
      const hung = await call('/hang').catch((thrown) => thrown);
      const aborted = await call('/hang', { signal: AbortSignal.timeout(1_000) }).catch((thrown) => thrown);
      await dispatcher.destroy();
      console.log(JSON.stringify({ statuses, late, hung: hung.code, aborted: aborted.name }));`,
      api.clock,
    );
    expect(result).toEqual({
      statuses: [200, 200, 200],
      late: 'late',
      hung: 'UND_ERR_HEADERS_TIMEOUT',
      aborted: 'TimeoutError',
    });
  });
});
