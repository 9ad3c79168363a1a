import { code, details, plain, prose, table } from '../report/markdown.ts';
import { count, number } from '../report/units.ts';
import type { Change, Counts, Plan, ScopePlan } from './kind.ts';
import { resultsByChange } from './record.ts';
import type { Applied, ChangeResult } from './store.ts';

/** A summary takes up to 1 MiB, but this is more than a person reads: the rest is in the plan's file. */
const MAX_BYTES = 250_000;
/** Rows of a scope that are not collapsed, of few scopes and of many. */
const OPEN_ROWS = { few: 15, many: 3 };
const FEW_SCOPES = 10;
/** Rows of a scope that are not collapsed although they need attention: more of them are counted. */
const URGENT_ROWS = 30;
const MARKS = { create: '+', update: '~', delete: '−', protected: '=', conflict: '!' } as const;
const HEAD = ['Change', 'Entry', 'Why'];
const RESULT_HEAD = ['Change', 'Entry', 'Result', 'Why'];
const LEGEND = [
  ['⚠', 'broad grant, check it first'],
  ['+', 'add'],
  ['~', 'change'],
  ['−', 'remove'],
  ['!', 'conflict'],
] as const;

/** What else a summary contains. */
export interface Frame {
  /** Name of one scope: `organization`. */
  readonly scopeName: string;
  /** Sentences that come before everything else; Markdown. */
  readonly notices: readonly string[];
  /** Sentences that come last; Markdown. */
  readonly hints: readonly string[];
  /** File with the whole plan; empty if there is none. */
  readonly planFile: string;
}

/** `+3 −1 ~2`, without what is zero. */
function signs({ added, removed, updated }: Pick<Counts, 'added' | 'removed' | 'updated'>): string {
  const parts = [
    [added, '+'],
    [removed, '−'],
    [updated, '~'],
  ] as const;
  const said = parts.filter(([value]) => value > 0).map(([value, sign]) => `${sign}${number(value)}`);
  return said.length === 0 ? 'no changes' : said.join(' ');
}

/** What a plan changes, and where if that is told: `+3 −1 ~2 in 2 of 14 organizations, 1 broad grant`. */
export function planHeadline({ counts }: Plan<unknown, unknown>, where = ''): string {
  const more = [
    counts.escalations === 0 ? '' : count(counts.escalations, 'broad grant'),
    counts.conflicts === 0 ? '' : count(counts.conflicts, 'conflict'),
  ].filter((part) => part !== '');
  return [where === '' ? signs(counts) : `${signs(counts)} in ${where}`, ...more].join(', ');
}

interface Sheet<D, O> {
  /** The plan has several kinds, so that a table says which is its own. */
  readonly severalKinds: boolean;
  readonly results: ReadonlyMap<Change<D, O>, ChangeResult<D, O>>;
  /** More than one connection is used, so that an entry says which is its own. */
  readonly severalVias: boolean;
  readonly frame: Frame;
  left: number;
  cutChanges: number;
}

function entryCell<D, O>({ severalVias }: Sheet<D, O>, change: Change<D, O>): string {
  const { type, name, note, via } = change.shown;
  const more = change.update ?? note;
  return [
    plain(type),
    code(name),
    ...(more === undefined ? [] : [plain(more)]),
    ...(severalVias && via !== undefined ? [`(${plain(via)})`] : []),
  ].join(' ');
}

function rowOf<D, O>(sheet: Sheet<D, O>, change: Change<D, O>): string[] {
  const result = sheet.results.get(change);
  const mark = `${change.escalation ? '⚠\u00a0' : ''}${MARKS[change.action]}`;
  const [entry, why] = [entryCell(sheet, change), prose(change.reason)];
  return sheet.results.size === 0 ? [mark, entry, why] : [mark, entry, resultCell(result), why];
}

/** The message is the same in many rows, and so it is said once, above them. */
function resultCell<D, O>(result: ChangeResult<D, O> | undefined): string {
  if (result === undefined) return '';
  if (result.error === undefined) return 'done';
  return `${result.tried ? 'failed' : 'not tried'}: ${code(result.error.code)}`;
}

/** What the marks of the tables mean, as far as the plan has them. */
function legend({ counts }: Plan<unknown, unknown>): string {
  const used = [counts.escalations, counts.added, counts.updated, counts.removed, counts.conflicts];
  const parts = LEGEND.filter((_, at) => (used[at] ?? 0) > 0).map(([mark, meaning]) => `${mark} ${meaning}`);
  return parts.length === 0 ? '' : `<sub>${parts.join(' · ')}</sub>`;
}

const bytes = (text: string) => Buffer.byteLength(text);

/** As many rows as fit; the others are counted. */
function takeRows<D, O>(sheet: Sheet<D, O>, changes: readonly Change<D, O>[]): string {
  const head = sheet.results.size === 0 ? HEAD : RESULT_HEAD;
  const rows: string[][] = [];
  sheet.left -= 40 + bytes(table(head, []));
  for (const change of changes) {
    const row = rowOf(sheet, change);
    const size = row.reduce((sum, cell) => sum + bytes(cell) + 3, 2);
    if (sheet.left < size) break;
    sheet.left -= size;
    rows.push(row);
  }
  sheet.cutChanges += changes.length - rows.length;
  return rows.length === 0 ? '' : table(head, rows);
}

/** Lower comes first: failures, conflicts, broad openings, then everything else in its order. */
function weight<D, O>({ results }: Sheet<D, O>, change: Change<D, O>): number {
  if (results.get(change)?.error !== undefined) return 0;
  if (change.action === 'conflict') return 1;
  return change.escalation ? 2 : 3;
}

function scopeCounts<D, O>({ changes }: ScopePlan<D, O>) {
  const of = (name: string) => changes.reduce((sum, { action }) => sum + (action === name ? 1 : 0), 0);
  return { added: of('create'), removed: of('delete'), updated: of('update') };
}

/** The table of one scope; what needs no attention is collapsed if there is much of it. */
function scopePart<D, O>(sheet: Sheet<D, O>, plan: ScopePlan<D, O>, open: number): string {
  const changes = plan.changes
    .filter(({ action }) => action !== 'protected')
    .sort((a, b) => weight(sheet, a) - weight(sheet, b));
  const kind = sheet.severalKinds ? ` · ${plain(plan.scope.kind.name)}` : '';
  const title = `**${plain(plan.scope.name)}**${kind} · ${signs(scopeCounts(plan))}`;
  if (sheet.left < 1_000) {
    sheet.cutChanges += changes.length;
    return '';
  }
  sheet.left -= bytes(title) + 100;
  const urgent = changes.filter((change) => weight(sheet, change) < 3).length;
  const shown = changes.length <= open + 5 ? changes.length : Math.max(Math.min(urgent, URGENT_ROWS), open);
  const rows = takeRows(sheet, changes.slice(0, shown));
  const rest = changes.slice(shown);
  const folded = rest.length === 0 ? '' : takeRows(sheet, rest);
  const more = folded === '' ? '' : details(`${count(rest.length, 'more change')}`, folded);
  return [title, rows, more].filter((part) => part !== '').join('\n\n');
}

/** Scopes by name. */
export const byName = <D, O>(scopes: readonly ScopePlan<D, O>[]): ScopePlan<D, O>[] =>
  scopes.toSorted(({ scope: a }, { scope: b }) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));

const lightest = <D, O>(sheet: Sheet<D, O>, { changes }: ScopePlan<D, O>) =>
  changes.reduce((least, change) => Math.min(least, weight(sheet, change)), 3);

/** What is not changed, in numbers, and the entries that are protected. */
function restPart<D, O>(sheet: Sheet<D, O>, plan: Plan<D, O>): string {
  const { unchanged, unmanaged, protected: kept } = plan.counts;
  const parts = [
    `${number(unchanged)} unchanged`,
    ...(unmanaged === 0 ? [] : [`${number(unmanaged)} not managed`]),
    ...(kept === 0 ? [] : [`${number(kept)} protected`]),
  ];
  if (unchanged + unmanaged + kept === 0) return '';
  if (sheet.left < 2_000) return parts.join(' · ');
  const rows = byName(plan.scopes)
    .slice(0, 1_000)
    .map((one) => [
      plain(one.scope.name),
      number(one.unchanged),
      number(one.unmanaged),
      one.changes
        .filter(({ action }) => action === 'protected')
        .slice(0, 20)
        .map((change) => entryCell(sheet, change))
        .join(', '),
    ]);
  const fitting: string[][] = [];
  for (const row of rows) {
    const size = row.reduce((sum, cell) => sum + bytes(cell) + 3, 2);
    if (sheet.left < size) break;
    sheet.left -= size;
    fitting.push(row);
  }
  const named = sheet.frame.scopeName.replace(/^./, (first) => first.toUpperCase());
  return details(parts.join(' · '), table([named, 'Unchanged', 'Not managed', 'Protected, so kept'], fitting));
}

/** Says that some changes are not shown, and where they are. */
function cutNote<D, O>({ cutChanges, frame }: Sheet<D, O>): string {
  if (cutChanges === 0) return '';
  const where = frame.planFile === '' ? '' : ` All of them are in ${code(frame.planFile)}.`;
  return `> ${count(cutChanges, 'more change')} do not fit here.${where}`;
}

/** A plan, or its apply, as Markdown of limited size: it is cut between rows. */
export function renderPlan<D, O>(title: string, plan: Plan<D, O>, frame: Frame, applied?: Applied<D, O>): string {
  const vias = new Set<string>();
  const changed = plan.scopes.filter(({ changes }) => changes.some(({ action }) => action !== 'protected'));
  for (const { changes } of changed) {
    for (const { shown } of changes) vias.add(shown.via ?? '');
  }
  const results = resultsByChange(applied);
  const around = [...frame.notices, ...frame.hints].reduce((sum, text) => sum + bytes(text), bytes(title));
  const left = Math.max(0, MAX_BYTES - around - 1_000);
  const several = { severalKinds: plan.kinds.length > 1, severalVias: vias.size > 1 };
  const sheet: Sheet<D, O> = { ...several, results, frame, left, cutChanges: 0 };
  const ordered = byName(changed).sort((a, b) => lightest(sheet, a) - lightest(sheet, b));
  const open = changed.length <= FEW_SCOPES ? OPEN_ROWS.few : OPEN_ROWS.many;
  const parts = ordered.map((scope) => scopePart(sheet, scope, open));
  const rest = restPart(sheet, plan);
  return `${[title, ...frame.notices, ...parts, cutNote(sheet), legend(plan), rest, ...frame.hints].filter((part) => part !== '').join('\n\n')}\n`;
}
