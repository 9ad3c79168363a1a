import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { FORMAT_NAMES } from '../../../src/operations/audit-logs/formats/index.ts';
import { checkAnchor, checkExpected } from '../../../src/operations/audit-logs/verify/anchor.ts';
import { verifyExport } from '../../../src/operations/audit-logs/verify/export.ts';
import { SeenIds } from '../../../src/operations/audit-logs/verify/ids.ts';
import { type ExportOptions, START, type TestExport, writeExport } from './verify-support.ts';
import { TAMPERINGS } from './verify-tamperings.ts';

const made: TestExport[] = [];
afterEach(() => {
  for (const one of made.splice(0)) one.dispose();
});

async function exported(options: ExportOptions = {}): Promise<TestExport> {
  const one = await writeExport(options);
  made.push(one);
  return one;
}

const never = new AbortController().signal;

describe('an export that nobody touched', () => {
  test.each(FORMAT_NAMES)('passes in the format %s', async (format) => {
    for (const compression of format === 'parquet' ? (['none'] as const) : (['none', 'gzip'] as const)) {
      const one = await exported({ format, compression });
      const { findings, events, files, chains } = await verifyExport(one.root, never);
      expect(findings.kept).toEqual([]);
      expect([events, files.length, chains.length, chains[0]?.length]).toEqual([30, 6, 1, 3]);
    }
  });

  test('passes as shards of a matrix, and with the chain that goes on behind them', async () => {
    const one = await exported({ isSharded: true, windows: 3 });
    one.edit(2, (manifest) => {
      manifest.shard = null;
    });
    for (const index of [0, 1]) {
      one.edit(index, (manifest) => {
        manifest.shard = { index: index + 1, count: 2 };
      });
    }
    expect(await one.findings()).toEqual([]);
  });

  test('passes where older manifests were moved away, and says which hash the rest follows', async () => {
    const one = await exported();
    for (const path of [one.file(0), one.file(0, 1), one.name(0)]) one.remove(path);
    const { findings, chains } = await verifyExport(one.root, never);
    expect(findings.kept).toEqual([]);
    expect(chains[0]?.[0]?.manifest.previous?.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  test('passes as single exports without a checkpoint; a gap between them is told, since it may be meant', async () => {
    const one = await exported();
    for (const index of [0, 1, 2]) {
      one.edit(index, (manifest) => Object.assign(manifest, { previous: null, sequence: 0 }));
    }
    expect((await verifyExport(one.root, never)).findings).toMatchObject({ kept: [], notes: [] });
    for (const path of [one.file(1), one.file(1, 1), one.name(1)]) one.remove(path);
    const { findings } = await verifyExport(one.root, never);
    expect(findings.kept).toEqual([]);
    expect(findings.notes).toMatchObject([{ where: one.name(2), what: expect.stringMatching(/: a gap$/) }]);
  });

  test('passes beside its checkpoint, and beside what another run has staged', async () => {
    const one = await exported();
    one.write('checkpoint.json', '{"schema_version":1,"kind":"devin-audit-checkpoint","scope":{}}');
    one.write('.devin-audit-abcd1234/0', 'half a file');
    expect(await one.findings()).toEqual([]);
  });

  test('passes in two formats in one folder: the same events in each', async () => {
    const one = await exported();
    const other = await exported({ format: 'ocsf' });
    for (const [index, name] of other.manifests.entries()) {
      one.write(`${name.replace('abcd', 'ef01')}`, other.read(name));
      for (const { path } of other.manifest(index).files) one.write(path, other.read(path));
    }
    expect(await one.findings()).toEqual([]);
  });
});

describe('an export that somebody tampered with', () => {
  test.each(TAMPERINGS)('$name', async ({ options = {}, tamper, where = (one) => one.file(1), what, ...kept }) => {
    const one = await exported(options);
    const [place, checkpoint, expected] = [where(one), kept.checkpoint?.(one), kept.expected?.(one)];
    tamper(one);
    const verified = await verifyExport(one.root, never);
    const { findings } = verified;
    if (checkpoint !== undefined) checkAnchor('checkpoint.json', checkpoint, verified, findings);
    if (expected !== undefined) checkExpected(expected, verified, findings);
    const there = findings.kept.filter((finding) => finding.where === place).map((finding) => finding.what);
    expect(
      there.some((text) => what.test(text)),
      findings.lines(20).join('\n'),
    ).toBe(true);
  });

  test.each(FORMAT_NAMES.filter((format) => format !== 'parquet'))(
    'a second event with the same id is found in the format %s',
    async (format) => {
      const one = await exported({ format });
      const place = one.file(1);
      one.forgeFile(
        1,
        (text) => text + text.slice(text.trimEnd().lastIndexOf(format === 'csv' ? '\r\n' : '\n') + 1).trimStart(),
      );
      expect((await one.findings()).join('\n')).toMatch(
        new RegExp(`${place}:\\d+ repeats the event "audit-log-\\d+-4"`),
      );
    },
  );
});

describe('a checkpoint, and a hash that the user knows', () => {
  const check = async (one: TestExport, text: string, hash: string) => {
    const verified = await verifyExport(one.root, never);
    checkAnchor('checkpoint.json', text, verified, verified.findings);
    checkExpected(hash, verified, verified.findings);
    return verified.findings.lines(10);
  };

  test('agree with an export that nobody touched', async () => {
    const one = await exported();
    expect(await check(one, one.checkpoint(), one.hash(2))).toEqual([]);
  });

  test('tell that the chain goes on after them', async () => {
    const one = await exported();
    const text = one.checkpoint({ last_manifest: { sha256: one.hash(1) }, sequence: 1, high_water: START + 7_200 });
    expect((await check(one, text, one.hash(2)))[0]).toContain('follows it');
  });
});

/** Times that a format with milliseconds cannot tell apart, or could move into the next second. */
const FRACTIONS = [0.0004, 0.0006, 20.9996, 20.9998, 1_799.99999];

test.each(FORMAT_NAMES)('an export with times of less than a millisecond passes in the format %s', async (format) => {
  for (const partition of ['none', 'hour', 'org'] as const) {
    const one = await exported({ format, partition, fractions: FRACTIONS });
    expect(await one.findings()).toEqual([]);
  }
});

// Other systems have no such names.
test.runIf(process.platform === 'linux')('a file whose name is not UTF-8 is a finding, not a crash', async () => {
  const one = await exported();
  writeFileSync(Buffer.concat([Buffer.from(`${one.root}/`), Buffer.from([0xff])]), 'x');
  expect(await one.findings()).toEqual([expect.stringMatching(/^\ufffd cannot be opened: ENOENT/)]);
});

test('hundreds of thousands of ids are told apart, and each that comes again is found', () => {
  const seen = new SeenIds();
  const ids = Array.from({ length: 200_000 }, (_, i) => `audit-log-${(i * 7_919).toString(16)}`);
  expect(ids.every((id, i) => seen.add(id, i % 7, id) === undefined)).toBe(true);
  expect(ids.every((id, i) => seen.add(id, 9, id)?.file === i % 7)).toBe(true);
  expect([seen.add('audit-log-0', 1, 'audit-log-0'), seen.add('audit-log-0', 1, 'other')]).toEqual([
    { file: 0, isSame: true },
    { file: 0, isSame: false },
  ]);
});

test('a verification ends within a piece of a file when it is canceled, however large the file is', async () => {
  const one = await exported({ windows: 1 });
  one.forgeFile(0, (text) => text.replace('devin', 'x'.repeat(4_000_000)));
  const controller = new AbortController();
  const { signal } = controller;
  let checks = 0;
  signal.throwIfAborted = () => {
    checks += 1;
    if (checks === 8) controller.abort(new Error('canceled'));
    AbortSignal.prototype.throwIfAborted.call(signal);
  };
  await expect(verifyExport(one.root, signal)).rejects.toThrow('canceled');
  expect(checks).toBe(8);
});
