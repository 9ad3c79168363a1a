import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asActionError } from '../../../src/contract/errors.ts';
import { parseExportManifest } from '../../../src/operations/audit-logs/chain/export-manifest.ts';
import { verifyExport } from '../../../src/operations/audit-logs/verify/export.ts';
import { type Draft, Workspace } from '../../../src/runner/workspace.ts';
import { type ExportRun, folder, runExport } from './export-run.ts';
import { AuditApi, event, exportedIds, filesIn } from './export-support.ts';

/** 2026-01-01T00:00:00Z. */
const BEGIN = 1_767_225_600;
const DAY = 86_400;
const api = new AuditApi();
let place: ReturnType<typeof folder>;

beforeAll(() => api.open());
afterAll(() => api.close());
beforeEach(() => {
  place = folder();
  Object.assign(api, { events: [], pageSize: 200, trick: () => 'right', distort: (answer: unknown) => answer });
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

describe('a range', () => {
  it('of three years is read in requests of at most 100 days, the oldest first', async () => {
    const since = BEGIN - 3 * 365 * DAY;
    api.events = Array.from({ length: 3_000 }, (_, at) => event(at, since + at * 30_000));
    const { outputs } = await run({ since: String(since) });
    expect(outputs).toMatchObject({ events: '3000', oldest: '2023-01-02T00:00:00Z', has_more: 'false' });
    expect(exportedIds(output())).toEqual(api.events.map((each) => each.audit_log_id));
    for (const query of api.queries) {
      expect(Number(query.get('time_before')) - Number(query.get('time_after'))).toBeLessThanOrEqual(100 * DAY);
      expect(query.get('order')).toBe('asc');
    }
  });

  it('holds its first second and not its last, whatever shares a second with a page border', async () => {
    const times = [-1, 0, 0, 0, 5, 5, 5, 5, 5, 9, 10, 11];
    api.events = times.map((at, id) => event(id, BEGIN + at));
    api.pageSize = 2;
    const { outputs } = await run({ until: String(BEGIN + 10) });
    expect(outputs['events']).toBe('9');
    expect(exportedIds(output())).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => `event-${id}`));
  });

  it('without events has a manifest too, and one that is exported already has none more', async () => {
    const first = await run({ checkpoint_file: 'c.json' });
    expect(first.outputs).toMatchObject({ events: '0', files: '[]', oldest: '' });
    const again = await run({ checkpoint_file: 'c.json' });
    expect(again.outputs).toMatchObject({ events: '0', manifest_file: '' });
    expect(again.summary).toContain('exported already');
    expect(filesIn(output())).toHaveLength(1);
  });

  it('of v2 is read without a cursor, however the events crowd', async () => {
    api.events = Array.from({ length: 1_500 }, (_, at) => event(at, BEGIN + Math.floor(at / 90)));
    const { outputs } = await run({ until: String(BEGIN + 100) }, { version: 'v2' });
    expect(outputs['events']).toBe('1500');
    expect(exportedIds(output()).toSorted()).toEqual(api.events.map((each) => each.audit_log_id).toSorted());
    api.events = Array.from({ length: 250 }, (_, at) => event(at, BEGIN + 5));
    expect(await failure(run({ until: String(BEGIN + 99) }, { version: 'v2' }))).toMatchObject({
      code: 'api_contract',
    });
    expect(await failure(run({ org_id: 'org-1' }, { version: 'v2' }))).toMatchObject({ code: 'input_invalid' });
  });

  it('keeps only the actions that were asked for, and warns of one that is not documented', async () => {
    const actions = ['login', 'delete_secret', 'delete_playbook', 'brand_new'];
    api.events = actions.map((action, at) => event(at, BEGIN + at, action));
    const { outputs, printed } = await run({ actions: 'delete_*, brand_new' });
    expect(outputs['events']).toBe('3');
    expect(printed).toContain('::warning title=The action brand_new is not known::');
  });
});

describe('an API that does not do what it promises', () => {
  const page = (fields: Record<string, unknown>) => ({
    items: [{ ...event(1, BEGIN + 1), ...fields }],
    has_next_page: false,
  });
  it.each([
    ['an event without id', () => page({ audit_log_id: '' })],
    ['a time as text', () => page({ created_at: '2026-01-01T00:00:01Z' })],
    ['an event without action', () => page({ action: null })],
    ['an event outside of its window', () => page({ created_at: BEGIN + 40 * DAY })],
    ['an answer without list', () => ({ rows: [] })],
    ['a cursor that stands still', () => ({ ...page({}), has_next_page: true, end_cursor: 'same' })],
    ['no cursor where there is more', () => ({ ...page({}), has_next_page: true, end_cursor: null })],
    [
      'a page that repeats',
      (_: unknown, query: URLSearchParams) => ({
        ...page({}),
        has_next_page: true,
        end_cursor: `${query.get('after')}x`,
      }),
    ],
  ])('%s is an error, and nothing is committed', async (_name, distort) => {
    api.distort = distort;
    const error = await failure(run({ checkpoint_file: 'c.json' }));
    expect(error).toMatchObject({ code: 'api_contract' });
    expect(filesIn(place.root)).toEqual([]);
  });
});

describe('a checkpoint', () => {
  const inputs = { checkpoint_file: 'c.json', org_id: 'org-1' };
  const path = () => join(place.root, 'c.json');

  it.each([
    ['cut', (text: string) => text.slice(0, -20), 'damaged'],
    ['with another high-water mark', (text: string) => text.replace(/"high_water":\d/, '"high_water":2'), 'damaged'],
    [
      'of a newer release',
      (text: string) => text.replace('"schema_version":1', '"schema_version":2'),
      'another release',
    ],
    ['that is some other file', () => '{"name":"x"}', 'is not a checkpoint'],
  ])('%s is refused before the first request', async (_name, change, says) => {
    await run(inputs);
    writeFileSync(path(), change(readFileSync(path(), 'utf8')));
    api.queries.length = 0;
    const error = await failure(run(inputs));
    expect(error).toMatchObject({ code: 'checkpoint_invalid' });
    expect(error?.message).toContain(says);
    expect(api.queries).toEqual([]);
  });

  it('of another organization, or from the future, is refused', async () => {
    await run(inputs);
    const other = await failure(run({ ...inputs, org_id: 'org-2' }));
    expect(other).toMatchObject({ code: 'checkpoint_invalid', list: ['org_id: "org-1", not "org-2"'] });
    const early = await failure(run(inputs, { now: (BEGIN + DAY) * 1_000 }));
    expect(early?.message).toContain('dated in the future');
  });

  it('that is lost means to begin with since again, and one that is old warns', async () => {
    api.events = [event(1, BEGIN + 1), event(2, BEGIN + DAY)];
    await run(inputs);
    const late = await run({ ...inputs, max_lag: '1h' }, { now: (BEGIN + 12 * DAY) * 1_000 });
    expect(late.printed).toContain('::warning title=The audit-log export has fallen behind::');
    rmSync(path());
    expect((await run(inputs)).outputs['events']).toBe('2');
  });
});

it('a run that looks back further than the one before repeats nothing, and finds nothing from before the first', async () => {
  api.events = [event('before', BEGIN - 5), ...Array.from({ length: 50 }, (_, at) => event(at, BEGIN + at * 100))];
  const inputs = { checkpoint_file: 'c.json', overlap: '1m' };
  await run({ ...inputs, until: String(BEGIN + 2_500) });
  await run({ ...inputs, overlap: '7d', until: String(BEGIN + 3_000) });
  api.events.push(event('late', BEGIN + 2_990));
  const last = await run({ ...inputs, overlap: '7d' });
  expect(last.data).toMatchObject({ late_events: 1, events: 21 });
  const ids = exportedIds(output());
  expect([ids.length, new Set(ids).size, ids.includes('event-before')]).toEqual([51, 51, false]);
});

it('a limit stops cleanly, also within a second, and the next runs take the rest', async () => {
  api.events = Array.from({ length: 10 }, (_, at) => event(at, BEGIN + 7));
  for (const [more, sequence] of [
    ['true', 0],
    ['true', 1],
    ['true', 2],
    ['false', 3],
  ] as const) {
    const { outputs } = await run({ checkpoint_file: 'c.json', max_events: '3' });
    expect(outputs['has_more']).toBe(more);
    const read = parseExportManifest(readFileSync(join(place.root, outputs['manifest_file'] ?? ''), 'utf8'));
    expect(read).toMatchObject({ manifest: { sequence } });
  }
  expect(exportedIds(output()).toSorted()).toEqual(api.events.map((each) => each.audit_log_id).toSorted());
});

it('a journal that came with the repository has nothing written that is no export', async () => {
  const { outputs } = await run({ until: String(BEGIN + DAY) });
  const name = /_([0-9a-f]{8})\.manifest/.exec(outputs['manifest_file'] ?? '')?.[1];
  const text = readFileSync(join(place.root, outputs['manifest_file'] ?? ''), 'utf8');
  mkdirSync(output(`.devin-audit-${name}`));
  for (const path of ['.git/hooks/x', '../devin-audit_x', 'devin-audit-logs/../.git/devin-audit_x']) {
    const journal = { schema_version: 1, files: [], manifest: { path, text }, checkpoint: null };
    writeFileSync(output(`.devin-audit-${name}/journal.json`), JSON.stringify(journal));
    expect(await failure(run({}))).toMatchObject({ code: 'export_corrupt' });
  }
  expect(filesIn(place.root)).toHaveLength(1);
});

/** The name of the folder in which an export with these inputs keeps what is not whole yet. */
const stagingOf = ({ outputs }: Awaited<ReturnType<typeof run>>) =>
  `.devin-audit-${/_([0-9a-f]{8})\.manifest/.exec(outputs['manifest_file'] ?? '')?.[1]}`;

it('a link that came with the repository in the place of the staging folder is removed, and nothing behind it', async () => {
  const staging = stagingOf(await run({ until: String(BEGIN + DAY) }));
  mkdirSync(join(place.root, 'src'));
  writeFileSync(join(place.root, 'src/main.ts'), 'work of a month');
  symlinkSync('../src', output(staging));
  await run({});
  expect(readFileSync(join(place.root, 'src/main.ts'), 'utf8')).toBe('work of a month');
  expect(existsSync(output(staging))).toBe(false);
});

it('a journal that came with the repository exports no file that a link names', async () => {
  const first = await run({ until: String(BEGIN + DAY) });
  const staging = stagingOf(first);
  const manifest = first.outputs['manifest_file'] ?? '';
  const text = readFileSync(join(place.root, manifest), 'utf8');
  mkdirSync(output(staging));
  writeFileSync(join(place.root, 'credentials.json'), 'secret');
  symlinkSync('../../credentials.json', output(`${staging}/file-0`));
  const files = [{ staged: 'file-0', path: 'devin-audit-logs/devin-audit_x.jsonl' }];
  const journal = { schema_version: 1, files, manifest: { path: manifest, text }, checkpoint: null };
  writeFileSync(output(`${staging}/journal.json`), JSON.stringify(journal));
  expect(await failure(run({}))).toMatchObject({ code: 'export_corrupt' });
  expect(readFileSync(join(place.root, 'credentials.json'), 'utf8')).toBe('secret');
  expect(existsSync(output('devin-audit_x.jsonl'))).toBe(false);
});

it('a link in the place of a file is replaced, and what it leads to stays as it was', async () => {
  api.events = [event(1, BEGIN + 1)];
  const { outputs } = await run({ until: String(BEGIN + DAY) });
  const [{ path = '' } = {}] = JSON.parse(outputs['files'] ?? '[]');
  rmSync(join(place.root, path));
  writeFileSync(join(place.root, 'other.txt'), 'mine');
  symlinkSync('../other.txt', join(place.root, path));
  await run({ until: String(BEGIN + DAY) });
  expect(readFileSync(join(place.root, 'other.txt'), 'utf8')).toBe('mine');
  expect(exportedIds(output())).toHaveLength(1);
});

it.each([
  ['a data file', 1],
  ['the journal', 2],
])('a disk that is full when %s is written is an error that says so, and leaves nothing behind', async (_name, nth) => {
  api.events = [event(1, BEGIN + 1)];
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  let drafts = 0;
  const workspace = new (class extends Workspace {
    override async draft(path: string): Promise<Draft> {
      const draft = await super.draft(path);
      drafts += 1;
      if (drafts === nth) draft.write = () => Promise.reject(full);
      return draft;
    }
  })(place.root);
  const error = await failure(run({ checkpoint_file: 'c.json' }, { workspace }));
  expect(error).toMatchObject({ code: 'input_invalid', title: 'The disk is full' });
  expect(readdirSync(output())).toEqual([]);
});

it('a run that fails and keeps nothing sorts nothing into the folders of organizations first', async () => {
  api.events = Array.from({ length: 4_000 }, (_, at) => event(at, BEGIN + at * 200, 'login', `org-${at % 3}`));
  api.distort = (answer) => (api.queries.length > 12 ? { items: 'none' } : answer);
  const moved: string[] = [];
  const workspace = new (class extends Workspace {
    override async draft(path: string): Promise<Draft> {
      moved.push(path.split('/').at(-1) ?? '');
      return await super.draft(path);
    }
  })(place.root);
  expect(await failure(run({ partition: 'org', concurrency: '1' }, { workspace }))).toMatchObject({
    code: 'api_contract',
  });
  expect(moved.filter((name) => name.startsWith('organization-'))).toHaveLength(3);
  expect(moved.filter((name) => name.startsWith('file-'))).toEqual([]);
  expect(readdirSync(output())).toEqual([]);
});

it('organizations have a folder each, whatever they are called, even on a disk that knows no capital letters', async () => {
  const lookalikes = ['\ud800', '\udbff', '\ufffd', 'Org-1', '__HIVE_DEFAULT_PARTITION__', '\ud800'.repeat(99)];
  const ids = ['../../x', '.', 'a/b', 'org-1', null, ...lookalikes];
  api.events = ids.map((org, at) => event(at, BEGIN + at, 'login', org));
  await run({ partition: 'org' });
  const paths = filesIn(output()).map((path) => path.slice(output().length + 1).split('/'));
  const folders = paths.filter((parts) => parts.length === 2).map(([first]) => first?.toLowerCase());
  expect(new Set(folders.filter((folder) => folder?.startsWith('org_id='))).size).toBe(ids.length);
  expect(exportedIds(output())).toHaveLength(ids.length);
  expect((await verifyExport(output(), new AbortController().signal)).findings.kept).toEqual([]);
});
