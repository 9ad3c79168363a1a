import type { ActionError } from '../../../contract/errors.ts';
import { code, details, nameOrId, plain, prose, sections, table } from '../../../report/markdown.ts';
import { title } from '../../../report/marks.ts';
import { count, number, size } from '../../../report/units.ts';
import type { Chain, FoundManifest } from './chain.ts';
import type { Finding, Findings } from './findings.ts';

/** Findings that the summary and the log show. */
const MAX_ROWS = 100;
/** Findings of one file that the summary shows: the first ones tell that it is damaged. */
const MAX_IN_FILE = 5;

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

/** Without the line: `day=24/a.jsonl.gz:12`. */
const fileOf = ({ where }: Finding) => where.replace(/:\d+$/, '');

/** What is wrong with one file, each thing once, and its name below that: a path is wider than a phone. */
function faultsOf(path: string, found: readonly Finding[]): string {
  const said = [...new Set(found.map(({ what }) => what))];
  const more = said.length > MAX_IN_FILE ? [`and ${number(said.length - MAX_IN_FILE)} more`] : [];
  const name = path.split('/').slice(-2).join('/');
  return `- ${[...said.slice(0, MAX_IN_FILE), ...more].map(plain).join('; ')}<br>${code(name)}`;
}

/** What is wrong, where, and what to do about it. */
function faultsPart({ fix, code: name }: ActionError, findings: Findings): string {
  const shown = findings.kept.slice(0, MAX_ROWS);
  const left = findings.count - shown.length;
  const files = [...Map.groupBy(shown, fileOf)].map(([path, found]) => faultsOf(path, found));
  return sections(
    `${prose(fix)} · ${code(name)}`,
    files.join('\n'),
    left > 0 ? `And ${number(left)} more.` : '',
  ).trim();
}

/** The hashes of an intact export, by which another one is told from it. */
function anchorsPart(chains: readonly Chain[]): string {
  const anchors = table(
    ['Export', 'Window (UTC)', 'Manifests', 'Events', 'First hash', 'Last hash'],
    chains.map(chainRow),
  );
  const note =
    'A person who can write to the folder could replace the whole chain. Keep the last hash where they cannot change it, and compare.';
  return details('Hashes to keep elsewhere', `${anchors}\n\n${note}`);
}

/** The summary: what is wrong and what to do, what was checked, and the hashes of an intact export to keep elsewhere. */
export function verifySummary(checked: CheckedExport, findings: Findings, error: ActionError | undefined): string {
  const { chains, events, files } = checked;
  const damaged = new Set(findings.kept.map(fileOf)).size;
  return sections(
    error === undefined
      ? title('done', `The export is intact: ${count(events, 'event')} in ${count(files, 'file')}`)
      : title('failed', `The export is corrupt: ${count(findings.count, 'fault')} in ${count(damaged, 'place')}`),
    error === undefined ? '' : faultsPart(error, findings),
    findings.notes.map(({ where, what }) => `- ${code(where)} ${plain(what)}`).join('\n'),
    figures(checked),
    ...chains
      .map(beginning)
      .filter((text) => text !== '')
      .map((text) => `The first manifest ${plain(text)}.`),
    chains.length === 0 || error !== undefined ? '' : anchorsPart(chains),
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
