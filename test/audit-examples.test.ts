import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { atEnd } from './at-end.ts';
import { runStep } from './e2e/here.ts';
import { type ApiEvent, AuditApi, event, exportedIds, filesIn } from './operations/audit-logs/export-support.ts';
import { EXAMPLES, lastOf, onlyHere, resultsOf, runExample, runWorkflow, type Setting } from './workflow-runner.ts';

const DAY = 86_400;
/** 2026-01-01T00:00:00Z, where the examples begin. */
const BEGIN = 1_767_225_600;
const iso = (at: number) => `${new Date(at * 1_000).toISOString().slice(0, 19)}Z`;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'audit-example-'));
  atEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** `count` events of the day that begins at `from`. */
const dayOf = (from: number, count: number, action = 'login'): ApiEvent[] =>
  Array.from({ length: count }, (_, at) => event(`${from}-${at}`, from + Math.floor((at * DAY) / count), action));

const idsOf = (events: readonly ApiEvent[]) => events.map(({ audit_log_id: id }) => id);

/** An enterprise with these events, and a place for caches and artifacts. */
async function enterprise(...days: ApiEvent[][]) {
  const api = new AuditApi();
  await api.open();
  atEnd(() => api.close());
  api.events = days.flat();
  const setting = { url: api.url, storage: folder(), secrets: () => ({ DEVIN_TOKEN: 'cog_made_up' }) };
  return { api, setting };
}

const artifact = ({ storage = '' }: Setting, name: string) => join(storage, 'artifacts', name);

/** Verifies what lies in a folder, as `verify-audit-export` does. */
async function verified(logs: string, checkpoint?: string) {
  const root = folder();
  cpSync(logs, join(root, 'devin-audit-logs'), { recursive: true });
  if (checkpoint !== undefined) cpSync(checkpoint, join(root, 'checkpoint.json'));
  const { outputs, stdout } = await runStep({
    with: {
      operation: 'verify-audit-export',
      ...(checkpoint === undefined ? {} : { checkpoint_file: 'checkpoint.json' }),
    },
    env: { GITHUB_WORKSPACE: root },
  });
  expect(outputs, stdout).toMatchObject({ outcome: 'success' });
  return Number(outputs['events']);
}

/** A folder with a program that scripts find before all others. */
function program(name: string, script: string): string {
  const home = folder();
  writeFileSync(join(home, name), `#!/bin/sh\n${script.replaceAll('HOME', home)}`, { mode: 0o755 });
  return home;
}

/** Makes an address of a bucket a path. */
const AWS = `echo "$*" >> 'HOME/asked'
[ "$1 $2" = 's3 cp' ] || exit 2
place() { case "$1" in s3://*) echo "HOME/s3/\${1#s3://}" ;; *) echo "$1" ;; esac; }
from=$(place "$3"); to=$(place "$4")
grep -qxF "$3" 'HOME/refused' 2>/dev/null && exit 1
case "$*" in
  *' --recursive'*) [ -d "$from" ] || exit 0; mkdir -p "$to"
    if [ "$6 $7" = '--exclude manifests/*' ]; then (cd "$from" && tar -c --exclude='./manifests/*' .) | tar -xC "$to"; else cp -R "$from/." "$to"; fi ;;
  *) mkdir -p "\${to%/*}"; cp "$from" "$to" ;;
esac
`;

/** The real curl, with a note of its arguments. */
const curl = () => program('curl', `printf '%s\\n' "$@" >> 'HOME/asked'\nPATH=\${PATH#*:}\nexec curl "$@"\n`);

interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A place that takes events over HTTP, and answers as the test says. */
async function sink(answer: (asked: Asked) => readonly [status: number, body: unknown]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += chunk;
    const one = { path: request.url ?? '', authorization: request.headers.authorization, body };
    asked.push(one);
    const [status, reply] = answer(one);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => server.close());
  // A server that listens on a port has an address with one.
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const linesOf = (body: string) =>
  body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

// One after the other: each has several nights, and all of them at once would take long on a busy machine.
describe('audit logs, as the examples export them', { skip: onlyHere.skip }, () => {
  test('export-audit-logs keeps each night what is new, shows alerts, and goes on', async () => {
    const days = [
      dayOf(BEGIN, 30),
      dayOf(BEGIN + DAY, 20, 'create_service_user_api_key'),
      dayOf(BEGIN + 2 * DAY, 10),
    ] as const;
    const { setting } = await enterprise(...days);
    const night = async (n: number) => {
      const until = iso(BEGIN + n * DAY);
      const all = await runExample('export-audit-logs.yml', { ...setting, runId: `${n}`, until });
      expect(resultsOf(all)).toEqual({ export: 'success' });
      const logs = artifact(setting, `devin-audit-logs-${n}-1`);
      return { logs, ids: exportedIds(logs), audit: all['export']?.[0]?.steps[1] };
    };
    const first = await night(1);
    expect(first.ids).toEqual(idsOf(days[0]));
    expect(first.audit?.outputs['alerts']).toBe('0');
    expect(filesIn(first.logs)[1]).toMatch(/\/year=2026\/month=01\/day=01\/devin-audit_.*\.jsonl\.gz$/);
    const second = await night(2);
    expect(second.ids).toEqual(idsOf(days[1]));
    expect(second.audit?.outputs['alerts']).toBe('20');
    expect(second.audit?.output).toContain('::warning title=Audit alert%3A create_service_user_api_key::20 events');
    const both = folder();
    for (const { logs } of [first, second]) cpSync(logs, both, { recursive: true });
    const checkpoint = join(setting.storage, 'caches', 'audit-checkpoint-2-1', 'checkpoint.json');
    expect(await verified(both, checkpoint)).toBe(50);

    rmSync(join(setting.storage, 'caches'), { recursive: true });
    const afterLoss = await night(3);
    expect(afterLoss.ids).toEqual(idsOf(days.flat()));
    expect(await verified(afterLoss.logs)).toBe(60);
  });

  test('export-audit-logs that fails by an alert keeps the files and the checkpoint all the same', async () => {
    const { setting } = await enterprise(dayOf(BEGIN, 5, 'assign_roles'), dayOf(BEGIN + DAY, 5));
    const text = (await readFile(join(EXAMPLES, 'export-audit-logs.yml'), 'utf8')).replace(
      'fail_on_alert: false',
      'fail_on_alert: true',
    );
    const night = (n: number) => runWorkflow(text, { ...setting, runId: `${n}`, until: iso(BEGIN + n * DAY) });
    expect(resultsOf(await night(1))).toEqual({ export: 'failure' });
    expect(exportedIds(artifact(setting, 'devin-audit-logs-1-1'))).toHaveLength(5);
    expect(resultsOf(await night(2))).toEqual({ export: 'success' });
    expect(exportedIds(artifact(setting, 'devin-audit-logs-2-1'))).toEqual(idsOf(dayOf(BEGIN + DAY, 5)));
  });

  test('verify-audit-logs verifies an artifact of export-audit-logs against the hash that was noted', async () => {
    const { setting } = await enterprise(dayOf(BEGIN, 5));
    const all = await runExample('export-audit-logs.yml', { ...setting, runId: '1', until: iso(BEGIN + DAY) });
    const hash: string = JSON.parse(all['export']?.[0]?.steps[1]?.outputs['result'] ?? '').data.manifest_sha256;
    const verify = (given: string) =>
      runExample('verify-audit-logs.yml', { ...setting, inputs: { run: '1', hash: given } });
    expect(resultsOf(await verify(hash))).toEqual({ verify: 'success' });
    const other = (await verify('0'.repeat(64)))['verify'];
    expect(other?.[0]?.steps.at(-1)?.outputs).toMatchObject({ error_code: 'export_corrupt' });
  });

  test('audit-logs-to-s3 fills a bucket by days, and makes up for a night that was refused', async () => {
    const today = Math.floor(Date.now() / 1_000 / DAY) * DAY;
    const days = [dayOf(today - 2 * DAY, 12), dayOf(today - DAY, 9)] as const;
    const { setting } = await enterprise(...days);
    const programs = program('aws', AWS);
    const night = async (midnight: number) => {
      writeFileSync(join(programs, 'date'), `#!/bin/sh\n[ "$*" = '-u +%FT00:00:00Z' ] && echo ${iso(midnight)}\n`, {
        mode: 0o755,
      });
      const vars = { AUDIT_BUCKET: 'acme-audit', AUDIT_ROLE: 'arn:aws:iam::1:role/audit', AWS_REGION: 'eu-west-1' };
      return resultsOf(await runExample('audit-logs-to-s3.yml', { ...setting, programs, vars }))['export'];
    };
    const bucket = join(programs, 's3', 'acme-audit');
    const logs = join(bucket, 'devin-audit-logs');
    const checkpoint = join(bucket, 'devin-audit-state', 'checkpoint.json');
    expect(await night(today - DAY)).toBe('success');
    expect(exportedIds(logs)).toEqual(idsOf(days[0]));
    const [before, files] = [readFileSync(checkpoint, 'utf8'), filesIn(logs)];

    writeFileSync(join(programs, 'refused'), 'devin-audit-logs/manifests\n');
    expect(await night(today)).toBe('failure');
    expect(readFileSync(checkpoint, 'utf8')).toBe(before);
    expect(filesIn(logs)).toHaveLength(files.length + 1);

    rmSync(join(programs, 'refused'));
    expect(await night(today)).toBe('success');
    expect(exportedIds(logs)).toEqual(idsOf(days.flat()));
    expect(await verified(logs, checkpoint)).toBe(21);
    expect(
      filesIn(logs)
        .map((path) => path.slice(logs.length))
        .filter((path) => !path.startsWith('/manifests/')),
    ).toEqual(
      [today - 2 * DAY, today - DAY].map((at) => {
        const [year, month, day] = iso(at).slice(0, 10).split('-');
        return expect.stringMatching(`^/year=${year}/month=${month}/day=${day}/devin-audit_.*\\.jsonl\\.gz$`);
      }),
    );

    // There is nothing to do for the rest of the day.
    const asked = readFileSync(join(programs, 'asked'), 'utf8').split('\n').length;
    expect(await night(today)).toBe('success');
    expect(readFileSync(join(programs, 'asked'), 'utf8').split('\n')).toHaveLength(asked + 1);
  });

  test('audit-logs-to-splunk sends every event once, and again what Splunk refused', async () => {
    const days = [dayOf(BEGIN, 450), dayOf(BEGIN + DAY, 7)] as const;
    const { setting } = await enterprise(...days);
    let isFull = false;
    const splunk = await sink(() =>
      isFull ? [403, { text: 'Token disabled', code: 1 }] : [200, { text: 'Success', code: 0 }],
    );
    const programs = curl();
    const run = async (n: number) => {
      splunk.asked.length = 0;
      const all = await runExample('audit-logs-to-splunk.yml', {
        ...setting,
        programs,
        runId: `${n}`,
        until: iso(BEGIN + n * DAY),
        secrets: () => ({ DEVIN_TOKEN: 'cog_made_up', SPLUNK_HEC_TOKEN: 'made-up-hec-token' }),
        vars: { SPLUNK_HEC_URL: `${splunk.url}/` },
      });
      return { result: resultsOf(all)['export'], printed: JSON.stringify(all) };
    };
    const sent = () => splunk.asked.flatMap(({ body }) => linesOf(body));

    expect(await run(1)).toMatchObject({ result: 'success' });
    expect(splunk.asked.map(({ path, authorization }) => `${path} ${authorization}`)).toEqual(
      Array(3).fill('/services/collector/event Splunk made-up-hec-token'),
    );
    expect(sent()).toEqual(
      days[0].map((one) => ({
        time: one.created_at,
        source: 'devin',
        sourcetype: 'devin:audit',
        fields: { audit_log_id: one.audit_log_id },
        event: one,
      })),
    );

    isFull = true;
    const refused = await run(2);
    expect(refused.result).toBe('failure');
    expect(refused.printed).toContain('Token disabled');
    isFull = false;
    expect(await run(2)).toMatchObject({ result: 'success' });
    expect(sent().map(({ event: one }) => one)).toEqual(days[1]);

    // An hour without events moves the checkpoint, and asks for nothing.
    expect(await run(3)).toMatchObject({ result: 'success' });
    expect(splunk.asked).toEqual([]);
    expect(readdirSync(join(setting.storage, 'caches')).toSorted()).toEqual(
      [1, 2, 3].map((n) => `splunk-checkpoint-${n}-1`),
    );
    const argv = readFileSync(join(programs, 'asked'), 'utf8');
    expect(argv).toContain('/services/collector/event');
    expect(argv + refused.printed).not.toContain('made-up-hec-token');
  });

  test('audit-logs-to-elastic has every event once, whatever comes again, and is red where one is refused', async () => {
    const days = [dayOf(BEGIN, 620), dayOf(BEGIN + DAY, 4)] as const;
    const { setting } = await enterprise(...days);
    const stored = new Map<string, unknown>();
    let bad = 'none';
    const elastic = await sink(({ body }) => {
      const lines = linesOf(body);
      const items = lines
        .filter((_, at) => at % 2 === 0)
        .map(({ create: { _id: id } }, at) => {
          if (id === bad) return { create: { _id: id, status: 400, error: { type: 'document_parsing_exception' } } };
          if (stored.has(id))
            return { create: { _id: id, status: 409, error: { type: 'version_conflict_engine_exception' } } };
          stored.set(id, lines[at * 2 + 1]);
          return { create: { _id: id, status: 201 } };
        });
      return [200, { errors: items.some(({ create }) => create.status > 299), items }];
    });
    const programs = curl();
    const run = async (n: number) => {
      elastic.asked.length = 0;
      const all = await runExample('audit-logs-to-elastic.yml', {
        ...setting,
        programs,
        runId: `${n}`,
        until: iso(BEGIN + n * DAY),
        secrets: () => ({ DEVIN_TOKEN: 'cog_made_up', ELASTIC_API_KEY: 'bWFkZTp1cA==' }),
        vars: { ELASTIC_URL: elastic.url },
      });
      return { result: resultsOf(all)['export'], printed: JSON.stringify(all) };
    };
    expect(await run(1)).toMatchObject({ result: 'success' });
    expect(elastic.asked.map(({ path, authorization }) => `${path} ${authorization}`)).toEqual(
      Array(2).fill('/devin-audit/_bulk ApiKey bWFkZTp1cA=='),
    );
    expect([...stored.keys()]).toEqual(idsOf(days[0]));
    expect([...stored.values()]).toMatchObject(
      days[0].map((one) => ({ event: { id: one.audit_log_id, action: one.action } })),
    );

    bad = days[1][2]?.audit_log_id ?? '';
    const refused = await run(2);
    expect(refused.result).toBe('failure');
    expect(refused.printed).toContain('document_parsing_exception');
    expect(existsSync(join(setting.storage, 'caches', 'elastic-checkpoint-2-1'))).toBe(false);
    bad = 'none';
    expect(await run(2)).toMatchObject({ result: 'success' });
    expect([...stored.keys()].toSorted()).toEqual(idsOf(days.flat()).toSorted());

    rmSync(join(setting.storage, 'caches'), { recursive: true });
    expect(await run(3)).toMatchObject({ result: 'success' });
    expect(elastic.asked).toHaveLength(2);
    expect(stored.size).toBe(624);
    expect(readFileSync(join(programs, 'asked'), 'utf8') + refused.printed).not.toContain('bWFkZTp1cA');
  });

  test('backfill-audit-logs has the files of a single export, and finds a part that is missing', async () => {
    const first = Date.UTC(2023, 0, 1) / 1_000;
    const days = Array.from({ length: 40 }, (_, at) => dayOf(first + at * 27 * DAY, 3));
    const { api, setting } = await enterprise(...days, dayOf(BEGIN, 2));
    const range = { since: '2023-01-01', until: '2026-01-01' };
    const all = await runExample('backfill-audit-logs.yml', { ...setting, inputs: range });
    expect(resultsOf(all)).toEqual({ export: 'success', verify: 'success' });
    const logs = artifact(setting, 'devin-audit-logs');
    expect(exportedIds(logs)).toEqual(idsOf(days.flat()));

    // The nightly export goes on where it ends.
    await runExample('export-audit-logs.yml', { ...setting, runId: '1', until: '2026-01-02' });
    const whole = folder();
    for (const name of ['devin-audit-logs', 'devin-audit-logs-1-1'])
      cpSync(artifact(setting, name), whole, { recursive: true });
    expect(await verified(whole)).toBe(days.flat().length + 2);

    const root = folder();
    const inputs = { operation: 'export-audit-logs', compression: 'gzip', partition: 'day', ...range };
    const single = await runStep({
      with: { ...inputs, api_url: api.url, devin_token: 'cog_made_up' },
      env: { GITHUB_WORKSPACE: root },
    });
    expect(single.outputs, single.stdout).toMatchObject({ outcome: 'success' });
    const contents = (home: string) =>
      Object.fromEntries(
        filesIn(home)
          .filter((path) => !path.includes('manifests'))
          .map((path) => [path.slice(home.length), readFileSync(path).toString('base64')]),
      );
    expect(contents(logs)).toEqual(contents(join(root, 'devin-audit-logs')));

    const storage = folder();
    mkdirSync(join(storage, 'artifacts'));
    const text = await readFile(join(EXAMPLES, 'backfill-audit-logs.yml'), 'utf8');
    const without = text.replace('part: [1, 2, 3, 4, 5, 6]', 'part: [1, 3]');
    const lacking = await runWorkflow(without, { ...setting, storage, inputs: range });
    expect(resultsOf(lacking)).toEqual({ export: 'success', verify: 'failure' });
    expect(lastOf(lacking['verify'])?.outputs).toMatchObject({ error_code: 'export_corrupt' });
    expect(lastOf(lacking['verify'])?.output).toContain('shards 2, 4, 5, 6 of 6');
  });
});
