import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sha256Of } from '../../src/operations/audit-logs/chain/export-manifest.ts';
import { isoTime } from '../../src/operations/audit-logs/events/time.ts';
import { FORMAT_NAMES } from '../../src/operations/audit-logs/formats/index.ts';
import { checkAnchor, checkExpected } from '../../src/operations/audit-logs/verify/anchor.ts';
import { verifyExport } from '../../src/operations/audit-logs/verify/export.ts';
import { type ExportOptions, type TestExport, writeExport } from '../operations/audit-logs/verify-support.ts';
import { TAMPERINGS, type Tampering } from '../operations/audit-logs/verify-tamperings.ts';
import { runProgram } from '../programs/index.ts';

const SCRIPT = join(import.meta.dirname, 'verify.py');
const SCHEMAS = join(import.meta.dirname, '../../schemas');
const hasPython = spawnSync('python3', ['--version']).status === 0;

interface Case {
  readonly name: string;
  readonly folder: string;
  readonly checkpoint: string | null;
  readonly expected_hash: string | null;
  /** What our own verification says. */
  readonly ours: readonly string[];
}

const untouched = (options: ExportOptions): Tampering => ({
  name: `untouched: ${JSON.stringify(options)}`,
  options,
  checkpoint: (one) =>
    one.checkpoint(options.isSharded === true ? { since: Date.parse(one.manifest(2).window.since) / 1_000 } : {}),
  expected: (one) => one.hash(2),
  tamper: () => undefined,
  what: /never/,
});

const UNTOUCHED = [
  ...FORMAT_NAMES.map((format) => untouched({ format, fractions: [0.0004, 0.0006, 20.9996, 20.9998, 1_799.99999] })),
  ...FORMAT_NAMES.filter((format) => format !== 'parquet').map((format) => untouched({ format, compression: 'gzip' })),
  ...(['hour', 'day', 'org'] as const).map((partition) => untouched({ partition })),
  untouched({ isSharded: true }),
  // What a newer release may write, and what a system or a person may do to a checkpoint and a hash.
  {
    ...untouched({}),
    checkpoint: (one: TestExport) => {
      const content = `${one.checkpoint().replace(/,"sha256":"\w+"}\n$/, '')},"newer":1`;
      return `${content},"sha256":"${sha256Of(`${content}}`)}"}\r\n`;
    },
    expected: (one: TestExport) => one.hash(2).toUpperCase(),
  },
  // As v2 may return times, of which milliseconds count.
  {
    name: 'untouched: times of v2',
    what: /never/,
    tamper: (one: TestExport) =>
      one.forgeFile(1, (text) =>
        text.replace(/"created_at":(\d+)/g, (_, at) => `"created_at":"${isoTime(Number(at)).replace('Z', '.0004z')}"`),
      ),
  },
  // Longer than Python reads a cell of CSV, unless it is told to.
  untouched({ format: 'csv', note: 'x'.repeat(140_000) }),
];

async function caseOf({ name, options = {}, tamper, ...kept }: Tampering): Promise<Case> {
  const one = await writeExport(options);
  onTestFinished(() => one.dispose());
  const [text, hash] = [kept.checkpoint?.(one), kept.expected?.(one)];
  tamper(one);
  if (text !== undefined) one.write('.kept/checkpoint.json', text);
  const verified = await verifyExport(one.root, new AbortController().signal);
  if (text !== undefined) checkAnchor('checkpoint.json', text, verified, verified.findings);
  // The input of the operation is in lower case.
  if (hash !== undefined) checkExpected(hash.toLowerCase(), verified, verified.findings);
  return {
    name,
    folder: one.root,
    checkpoint: text === undefined ? null : one.path('.kept/checkpoint.json'),
    expected_hash: hash ?? null,
    ours: verified.findings.lines(20),
  };
}

// Python reads the stored bytes of a Parquet file, but not its rows.
const readable = ({ what }: Tampering) => !/cannot be read as Parquet/.test(what.source);

test.runIf(hasPython)(
  'a verifier made from the documentation and the schemas alone agrees with ours on every case',
  async () => {
    const cases: Case[] = [];
    for (const one of [...UNTOUCHED, ...TAMPERINGS.filter(readable)]) cases.push(await caseOf(one));
    const input = JSON.stringify(cases);
    const { stdout, stderr } = await runProgram('python3', [SCRIPT, SCHEMAS], { input });
    expect(stderr).toBe('');
    const theirs: readonly (readonly string[])[] = JSON.parse(stdout);
    for (const [at, { name, ours }] of cases.entries()) {
      expect({ name, isValid: theirs[at]?.length === 0, says: theirs[at] }).toMatchObject({
        name,
        isValid: ours.length === 0,
      });
      expect({ name, isValid: ours.length === 0, ours }).toMatchObject({ isValid: at < UNTOUCHED.length });
    }
    expect(cases.length - UNTOUCHED.length).toBeGreaterThanOrEqual(30);
  },
);
