import { code, details, nameOrId, plain, sections, table } from '../../../report/markdown.ts';
import { title } from '../../../report/marks.ts';
import { count, number, size } from '../../../report/units.ts';
import type { Chain, FoundManifest } from './chain.ts';
import type { Findings } from './findings.ts';

/** Findings that the summary shows. */
const MAX_ROWS = 100;

/** What was checked. */
export interface CheckedExport {
  readonly folder: string;
  readonly manifests: readonly FoundManifest[];
  readonly chains: readonly Chain[];
  readonly files: number;
  /** Bytes of the files as they are stored. */
  readonly bytes: number;
  readonly events: number;
  readonly oldest: string | undefined;
  readonly newest: string | undefined;
}

const minutes = (iso: string | undefined) => (iso === undefined ? '' : iso.slice(0, 16).replace('T', ' '));

/** How a chain begins, if its first manifest follows one that is elsewhere. */
function beginning([root]: Chain): string {
  const previous = root?.manifest.previous?.sha256;
  return previous === undefined ? '' : `follows ${previous}, which is not in this folder`;
}

function chainRow(chain: Chain): readonly string[] {
  const [first, last] = [chain[0], chain.at(-1)];
  if (first === undefined || last === undefined) return [];
  const { shard, scope, format } = first.manifest;
  const events = chain.reduce((sum, { manifest }) => sum + manifest.events, 0);
  return [
    `${scope.org_id === null ? 'enterprise' : nameOrId(scope.org_id)} ${format}${shard === null ? '' : ` ${shard.index}/${shard.count}`}`,
    `${minutes(first.manifest.window.since)} → ${minutes(last.manifest.window.until)}`,
    number(chain.length),
    number(events),
    code(first.sha256),
    code(last.sha256),
  ];
}

const headOf = ({ files, events, manifests }: CheckedExport) =>
  `${count(events, 'event')} in ${count(files, 'file')} and ${count(manifests.length, 'manifest')}`;

/** What was checked, in one line. */
function figures({ files, manifests, chains, bytes, oldest, newest }: CheckedExport): string {
  const range = oldest === undefined || newest === undefined ? [] : [`${minutes(oldest)} → ${minutes(newest)}`];
  const all = [count(files, 'file'), size(bytes), count(manifests.length, 'manifest'), count(chains.length, 'chain')];
  return [...range, ...all].join(' · ');
}

/** The summary: what is wrong and where, what was checked, and the hashes to keep elsewhere. */
export function verifySummary(checked: CheckedExport, findings: Findings): string {
  const { chains, events } = checked;
  const rows = findings.kept.slice(0, MAX_ROWS).map(({ where, what }) => [code(where), plain(what)]);
  const left = findings.count - rows.length;
  const anchors = table(
    ['Export', 'Window (UTC)', 'Manifests', 'Events', 'First hash', 'Last hash'],
    chains.map(chainRow),
  );
  const note =
    'Someone who can write to the folder could make a new chain. The last hash, kept where they cannot write, reveals it.';
  return sections(
    findings.count === 0
      ? title('done', `The export is intact: ${count(events, 'event')}`)
      : title('failed', `The export is corrupt: ${count(findings.count, 'finding')}`),
    rows.length === 0 ? '' : table(['Where', 'What is wrong'], rows),
    left > 0 ? `And ${number(left)} more.` : '',
    findings.notes.map(({ where, what }) => `- ${code(where)} ${plain(what)}`).join('\n'),
    figures(checked),
    ...chains
      .map(beginning)
      .filter((text) => text !== '')
      .map((text) => `The first manifest ${plain(text)}.`),
    chains.length === 0 ? '' : details('Hashes to keep elsewhere', `${anchors}\n\n${note}`),
  );
}

/** The same as lines for the log. */
export function verifyLines(checked: CheckedExport, findings: Findings): readonly string[] {
  const { folder, chains, bytes } = checked;
  const lines = [`Verified ${folder}: ${headOf(checked)}, ${size(bytes)}`];
  for (const chain of chains) {
    const [first, last] = [chain[0], chain.at(-1)];
    if (first === undefined || last === undefined) continue;
    const window = `${minutes(first.manifest.window.since)} → ${minutes(last.manifest.window.until)}`;
    lines.push(`  chain    ${count(chain.length, 'manifest')}, ${window}, first ${first.sha256}, last ${last.sha256}`);
    const open = beginning(chain);
    if (open !== '') lines.push(`           ${open}`);
  }
  const notes = findings.notes.map(({ where, what }) => `  ? ${where} ${what}`);
  return [...lines, ...notes, ...findings.lines(MAX_ROWS).map((line) => `  ✗ ${line}`)];
}

/** One sentence about what is wrong. */
export const corruptMessage = ({ folder, files }: CheckedExport, findings: Findings): string =>
  `The export in ${folder} is not what its manifests say: ${count(findings.count, 'finding')} in ${count(files, 'file')}.`;

/** What identifies a chain: its ends and its length. */
export const chainData = (chain: Chain): Readonly<Record<string, unknown>> => ({
  manifests: chain.length,
  first_sha256: chain[0]?.sha256 ?? null,
  last_sha256: chain.at(-1)?.sha256 ?? null,
  follows: chain[0]?.manifest.previous?.sha256 ?? null,
  shard: chain[0]?.manifest.shard ?? null,
  since: chain[0]?.manifest.window.since ?? null,
  until: chain.at(-1)?.manifest.window.until ?? null,
});
