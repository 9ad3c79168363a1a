import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asActionError } from '../../../src/contract/errors.ts';
import { verifyExport } from '../../../src/operations/audit-logs/verify/export.ts';
import { Workspace } from '../../../src/runner/workspace.ts';
import { type ExportRun, folder, runExport } from './export-run.ts';
import { type ApiEvent, AuditApi, chance, event, exportedIds, filesIn } from './export-support.ts';

/** 2026-01-01T00:00:00Z. */
const BEGIN = 1_767_225_600;
const DAY = 86_400;
const HOUR = 3_600;
const api = new AuditApi();
let place: ReturnType<typeof folder>;

beforeAll(() => api.open());
afterAll(() => api.close());
beforeEach(() => {
  place = folder();
  Object.assign(api, new AuditApi(), { url: api.url });
  api.queries.length = 0;
});
afterEach(() => place.remove());

const run = (inputs: Readonly<Record<string, string>>, more: Partial<ExportRun> = {}) =>
  runExport({
    url: api.url,
    root: place.root,
    now: (BEGIN + 10 * DAY) * 1_000,
    with: { since: String(BEGIN), ...inputs },
    ...more,
  });

const output = (path = '') => join(place.root, 'devin-audit-logs', path);
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (thrown: unknown) => asActionError(thrown),
  );
const idsOf = (events: readonly ApiEvent[]) => events.map((each) => each.audit_log_id).toSorted();
const many = (count: number, at: (index: number) => number, name = '') =>
  Array.from({ length: count }, (_, index) => event(`${name}${index}`, at(index)));

/** Orders in which an API may return events although it was asked for the oldest first. */
const ORDERS: readonly (readonly [string, (a: ApiEvent, b: ApiEvent) => number])[] = [
  ['newest first', (a, b) => b.created_at - a.created_at],
  ['by ID', (a, b) => (a.audit_log_id < b.audit_log_id ? -1 : 1)],
  [
    'oldest first for a while, then all others',
    (a, b) => (a.created_at % 7) - (b.created_at % 7) || a.created_at - b.created_at,
  ],
];

describe.each(ORDERS)('an API that returns events %s', (_name, order) => {
  it.each([
    [
      '250 in the second of until, and 100 before',
      [...many(250, () => BEGIN + 500, 'u'), ...many(100, (at) => BEGIN + at * 4)],
    ],
    [
      '3,000 in one second, and 1,000 before',
      [...many(3_000, () => BEGIN + 400, 's'), ...many(1_000, (at) => BEGIN + (at % 390))],
    ],
    [
      'a burst within a long silence',
      [...many(2_500, (at) => BEGIN + 200 + (at % 3), 'b'), event('last', BEGIN + 499)],
    ],
  ])('loses none: %s', async (_what, events) => {
    api.events = [...events];
    api.order = order;
    const { outputs } = await run({ until: String(BEGIN + 500), checkpoint_file: 'c.json' });
    const expected = events.filter(({ created_at: at }) => at < BEGIN + 500);
    expect(outputs['events']).toBe(String(expected.length));
    expect(exportedIds(output()).toSorted()).toEqual(idsOf(expected));
  });
});

it('an API that does not say whether more pages follow is read as long as it has a cursor', async () => {
  api.events = many(450, (at) => BEGIN + at);
  api.pageSize = 100;
  // Each page follows an empty one, and the last one names a cursor that leads to an empty page with the same cursor.
  api.distort = ({ has_next_page: _says, items, end_cursor: next }, query) => {
    const after = query.get('after') ?? '';
    if (after === 'end') return { items: [], end_cursor: 'end' };
    return after.endsWith('!') ? { items, end_cursor: next ?? 'end' } : { items: [], end_cursor: `${Number(after)}!` };
  };
  expect((await run({ until: String(BEGIN + 500) })).outputs['events']).toBe('450');
});

it('a page that is too large to be read is requested again with fewer events', async () => {
  api.events = many(90, (at) => BEGIN + at);
  const tooLarge = Buffer.alloc(51 * 1024 * 1024);
  api.bytes = (answer) => {
    const text = JSON.stringify(answer);
    return text.split('audit_log_id').length > 20 ? tooLarge : text;
  };
  expect((await run({ until: String(BEGIN + 500), concurrency: '1' })).outputs['events']).toBe('90');
  expect(api.queries.map((query) => query.get('first')).slice(0, 5)).toEqual(['1', '200', '50', '13', '13']);
});

describe('v2, which has no cursor', () => {
  const range = { until: String(BEGIN + 400), checkpoint_file: 'c.json' };
  it.each([
    [100, 1_500, 90],
    [50, 400, 49],
    [20, 300, 3],
    [200, 900, 150],
    [5, 60, 2],
  ])('loses none if it returns at most %i events at once', async (limit, count, perSecond) => {
    api.v2Limit = limit;
    api.events = many(count, (at) => BEGIN + Math.floor(at / perSecond));
    expect((await run(range, { version: 'v2' })).outputs['events']).toBe(String(count));
    expect(exportedIds(output()).toSorted()).toEqual(idsOf(api.events));
  });

  it.each([
    [100, 150],
    [100, 100],
    [50, 60],
    [200, 250],
    [3, 4],
  ])('fails if it returns at most %i events at once, and one second has %i', async (limit, crowd) => {
    api.v2Limit = limit;
    api.events = [...many(crowd, () => BEGIN + 50, 'c'), ...many(40, (at) => BEGIN + 100 + at)];
    expect(await run(range, { version: 'v2' })).toMatchObject({ outcome: 'failure', error: { code: 'api_contract' } });
    const { high_water: mark } = JSON.parse(readFileSync(join(place.root, 'c.json'), 'utf8'));
    expect(mark).toBeLessThanOrEqual(BEGIN + 50);
  });

  it('needs no proof for a second with fewer events than another response had', async () => {
    api.events = [...many(60, () => BEGIN + 50, 'c'), ...many(20, (at) => BEGIN - 5_000 + at, 'before')];
    expect((await run(range, { version: 'v2' })).outputs['events']).toBe('60');
  });
});

describe('a runner whose clock is wrong', () => {
  const inputs = { since: String(BEGIN), checkpoint_file: 'c.json' };
  const NOW = BEGIN + 2 * DAY;

  it.each([
    ['an hour ahead', HOUR, '1 h ahead of'],
    ['two years ahead', 730 * DAY, '730 d ahead of'],
    ['an hour behind', -HOUR, '1 h behind'],
  ])('exports what is settled by the time of the API, and warns: %s', async (_name, wrong, says) => {
    for (const day of [0, 1]) {
      const now = NOW + day * DAY;
      api.time = now * 1_000;
      api.events = many(60, (at) => BEGIN + DAY + at * HOUR).filter(({ created_at: at }) => at < now);
      const { printed, outputs } = await run(inputs, { now: (now + wrong) * 1_000 });
      expect(printed).toContain('::warning title=The clock of the runner is wrong::');
      expect(printed).toContain(says);
      expect(outputs['lag_seconds']).toBe('60');
      const { high_water: mark } = JSON.parse(readFileSync(join(place.root, 'c.json'), 'utf8'));
      expect(mark).toBe(now - 60);
    }
    expect(exportedIds(output()).toSorted()).toEqual(idsOf(api.events));
  });

  it.each([
    ['says nothing', undefined],
    ['says what is no time', 'soon 2030'],
    ['says a time in another form', '5'],
  ])('is what counts if the API %s, and the log says so', async (_name, date) => {
    api.date = date;
    api.events = [event(1, NOW - HOUR)];
    const { printed, outputs } = await run(inputs, { now: NOW * 1_000 });
    expect(printed).toContain('The responses of the API have no valid Date');
    expect(outputs).toMatchObject({ events: '1', lag_seconds: '60' });
  });

  it('does not matter, but an API that goes back behind the end of the window is an error', async () => {
    api.distort = (answer) => {
      api.time = NOW * 1_000;
      return answer;
    };
    api.time = (NOW + HOUR) * 1_000;
    expect(await failure(run(inputs, { now: NOW * 1_000 }))).toMatchObject({ code: 'api_contract' });
    expect(filesIn(place.root)).toEqual([]);
  });

  it('does not warn for the difference of a second', async () => {
    api.time = NOW * 1_000 + 900;
    expect((await run(inputs, { now: NOW * 1_000 })).printed).not.toContain('::warning');
  });
});

describe('two events with one ID', () => {
  const twin = (data: object, fields: object = {}): ApiEvent => ({
    ...event('twin', BEGIN + 10),
    data: { ...data },
    ...fields,
  });

  it('are both kept, in one run and over several, and the export is valid', async () => {
    const differing = [
      { created_at: BEGIN + 11 },
      { action: 'logout' },
      { user_email: 'a@b.c' },
      { user_email: 'd@b.c' },
    ];
    api.events = [twin({ a: 1 }), twin({ a: 2 }), ...differing.map((fields) => twin({}, fields))];
    const inputs = { since: String(BEGIN), checkpoint_file: 'c.json', overlap: '1h' };
    expect((await run({ ...inputs, until: String(BEGIN + 20) })).outputs['events']).toBe('6');
    api.events.push(twin({ a: 3 }));
    expect((await run(inputs)).outputs).toMatchObject({ events: '1', duplicates_dropped: '6' });
    expect(exportedIds(output())).toHaveLength(7);
    const { findings } = await verifyExport(output(), new AbortController().signal);
    expect(findings.kept).toEqual([]);
    expect(findings.notes).toHaveLength(6);
  });

  it.each(['a key comes twice', 'the time differs by less than a millisecond, in CEF'])(
    'are both kept if %s',
    async (how) => {
      const [isCef, text] = [how.endsWith('CEF'), JSON.stringify(twin({ a: 1 }))];
      const other = isCef ? text.replace(/("created_at":\d+)/, '$1.0004') : text.replace('"a":1', '"a":2,"a":1');
      api.bytes = () => `{"items":[${text},${other}],"has_next_page":false,"end_cursor":null}`;
      const inputs = { until: String(BEGIN + 20), checkpoint_file: 'c.json', format: isCef ? 'cef' : 'jsonl' };
      expect((await run(inputs)).outputs['events']).toBe('2');
      expect((await verifyExport(output(), new AbortController().signal)).findings.kept).toEqual([]);
    },
  );

  it('are one event if only a name of a person was changed, or the API returned it on two pages', async () => {
    const first = { ...event('a', BEGIN + 10), user_email: 'old@example.com' };
    api.events = [first, first];
    const inputs = { since: String(BEGIN), checkpoint_file: 'c.json' };
    expect((await run({ ...inputs, until: String(BEGIN + 20) })).outputs['events']).toBe('1');
    api.events = [{ ...first, user_email: 'new@example.com' } as ApiEvent];
    expect((await run({ ...inputs, until: String(BEGIN + 40) })).outputs['events']).toBe('0');
  });
});

it.each(['jsonl', 'ocsf'])(
  'bytes that are not UTF-8 are an error before the checkpoint is written: %s',
  async (format) => {
    api.events = [event(1, BEGIN + 1)];
    api.bytes = (answer) => {
      const bytes = Buffer.from(JSON.stringify(answer));
      const at = bytes.indexOf('quoted');
      return at < 0 ? bytes : bytes.fill(0xff, at, at + 1);
    };
    const error = await failure(run({ checkpoint_file: 'c.json', format }));
    expect(error).toMatchObject({ code: 'api_contract', message: expect.stringContaining('UTF-8') });
    expect(filesIn(place.root)).toEqual([]);
  },
);

describe('the folder of an export', () => {
  const inputs = { until: String(BEGIN + DAY), checkpoint_file: 'c.json' };
  const lockFile = () => output('.devin-audit-lock');
  const now = (BEGIN + 10 * DAY) * 1_000;
  const lock = (fields: object) => {
    mkdirSync(output(), { recursive: true });
    const content = { run_id: '7', run_attempt: 1, pid: 1, host: hostname(), started_at: now - 60_000, number: 1 };
    writeFileSync(lockFile(), JSON.stringify({ ...content, ...fields }));
  };
  // No process has such an ID: Linux ends at four million.
  const DEAD = 2 ** 30;

  it('belongs to one run at a time: another one fails, and the first is complete', async () => {
    api.events = many(3_000, (at) => BEGIN + at);
    api.latency = 20;
    const ends = await Promise.all(
      [{ partition: 'hour' }, { partition: 'hour', checkpoint_file: 'd.json' }, { format: 'csv' }].map((more) =>
        run({ ...inputs, ...more }).then(
          ({ outputs }) => outputs['events'],
          (thrown: unknown) => asActionError(thrown).code,
        ),
      ),
    );
    expect(ends.toSorted()).toEqual(['3000', 'conflict', 'conflict']);
    expect((await verifyExport(output(), new AbortController().signal)).findings.kept).toEqual([]);
    expect(existsSync(lockFile())).toBe(false);
  });

  it('is shared by the shards of one export, but not with a whole export', async () => {
    api.events = many(300, (at) => BEGIN + at * 200);
    api.latency = 20;
    const shards = Promise.all(['1/2', '2/2'].map((shard) => run({ until: inputs.until, shard })));
    expect(await failure(run({ ...inputs, format: 'csv' }))).toMatchObject({ code: 'conflict' });
    expect((await shards).reduce((sum, { outputs }) => sum + Number(outputs['events']), 0)).toBe(300);
  });

  it.each([
    ['whose process has ended', { pid: DEAD }],
    ['of an earlier process with the same ID', { pid: process.pid }],
    ['that is older than the timeout of a run', { started_at: now - 41 * 60_000 }],
    ['that is older, on another machine', { host: 'elsewhere', started_at: now - 41 * 60_000 }],
    ['that was only begun', undefined],
    ['of no process', { pid: -1 }],
  ])('is taken over from a run %s', async (_name, fields) => {
    lock(fields ?? {});
    if (fields === undefined) writeFileSync(lockFile(), '');
    expect((await run(inputs)).outcome).toBe('success');
    expect(existsSync(lockFile())).toBe(false);
  });

  it.each([
    ['another process', { pid: process.ppid }],
    ['another machine', { pid: DEAD, host: 'elsewhere' }],
    ['another machine, whose clock is ahead', { pid: DEAD, host: 'elsewhere', started_at: now + 2 * HOUR * 1_000 }],
    ['another process, after the clock was set back', { pid: process.ppid, started_at: now + 2 * HOUR * 1_000 }],
  ])('is not taken over from %s, and nothing is sent', async (_name, fields) => {
    lock(fields);
    const error = await failure(run(inputs));
    expect(error).toMatchObject({ code: 'conflict', message: expect.stringContaining('run 7, attempt 1') });
    expect(api.queries).toEqual([]);
    expect(existsSync(lockFile())).toBe(true);
  });

  it('that another run has taken over meanwhile gets no manifest and no checkpoint', async () => {
    api.events = [event(1, BEGIN + 1)];
    api.distort = (answer) => {
      lock({ host: 'elsewhere' });
      return answer;
    };
    expect(await failure(run(inputs))).toMatchObject({ code: 'conflict' });
    expect(filesIn(place.root)).toEqual([]);
  });

  it('in which a file cannot get its name is an error that says so, and the next run completes it', async () => {
    api.events = many(3, (at) => BEGIN + at * HOUR);
    const workspace = new (class extends Workspace {
      override move(from: string, to: string): Promise<void> {
        const broken = Object.assign(new Error('EXDEV: rename'), { code: 'EXDEV', syscall: 'rename' });
        return from.endsWith('file-1') ? Promise.reject(broken) : super.move(from, to);
      }
    })(place.root);
    const error = await failure(run({ ...inputs, partition: 'hour' }, { workspace }));
    expect(error).toMatchObject({ code: 'input_invalid', message: expect.stringContaining('EXDEV') });
    expect(existsSync(join(place.root, 'c.json'))).toBe(false);
    await run({ ...inputs, partition: 'hour' });
    expect(exportedIds(output()).toSorted()).toEqual(idsOf(api.events));
  });

  it('with a file that disappears before it gets its name is an error, and the next run exports it', async () => {
    api.events = many(10, (at) => BEGIN + at * HOUR);
    const workspace = new (class extends Workspace {
      override async move(from: string, to: string): Promise<void> {
        if (from.endsWith('file-3')) rmSync(join(place.root, from.replace('file-3', 'file-5')));
        await super.move(from, to);
      }
    })(place.root);
    const error = await failure(run({ ...inputs, partition: 'hour' }, { workspace }));
    expect(error).toMatchObject({ code: 'export_corrupt', message: expect.stringContaining('hour=05') });
    expect(existsSync(join(place.root, 'c.json'))).toBe(false);
    expect((await run({ ...inputs, partition: 'hour' })).outputs['events']).toBe('10');
    expect((await verifyExport(output(), new AbortController().signal)).findings.kept).toEqual([]);
  });
});

it('a story of random times, orders, and page sizes loses nothing', async () => {
  const random = chance(15);
  for (let round = 0; round < 6; round += 1) {
    const span = 10 ** (1 + Math.floor(random() * 4));
    api.events = many(1 + Math.floor(random() * 3_000), () => BEGIN + Math.floor(random() ** 4 * span), `${round}-`);
    api.pageSize = 5 + Math.floor(random() * 196);
    api.order = ORDERS[round % ORDERS.length]?.[1] ?? api.order;
    const { outputs } = await run({
      until: String(BEGIN + span),
      output_dir: `out-${round}`,
      concurrency: String(1 + (round % 6)),
    });
    expect(outputs['events'], `round ${round}`).toBe(String(api.events.length));
  }
});
