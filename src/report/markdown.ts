// What GitHub would read as markup in running text.
const MARKUP = /[\\`*_{}[\]()#+\-.!|~@:=$]/g;
const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

// GitHub looks for people, issues and commits once the backslashes are gone: only what stands between keeps it from them.
// A reply by email quotes a comment as text, in which neither a link nor code keeps a mention from notifying people.
const MENTION = /@/g;
const REFERENCE = /#(?=\d)|(?<![a-z\d])gh-(?=\d)/gi;
const COMMIT = /(?<![a-z\d])[\da-f]{7,40}(?![a-z\d])/gi;
/** One digit less than the shortest hash that is looked for, so that no piece of a hash is one. */
const HASH_PIECE = /.{6}(?=.)/g;
const APART = '\u200b';

const entities = (text: string) => text.replace(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);
const printable = (text: string) => text.toWellFormed().replace(UNPRINTABLE, '');

/** Length of the longest run of backticks, and `least` where there is none as long. */
const longestRun = (text: string, least: number) =>
  (text.match(/`+/g) ?? []).reduce((longest, run) => Math.max(longest, run.length), least);

/** Any text as one line, in which GitHub sees no mention. */
function unmentioned(text: string): string {
  const rows = text.split(/[\r\n\u2028\u2029]+/).map((row) => row.trim());
  return entities(printable(rows.filter((row) => row !== '').join(' '))).replace(MENTION, `$&${APART}`);
}

const unmarked = (text: string) => text.replace(MARKUP, '\\$&').trim();

/** Any text as one line of Markdown that shows just that text, and neither mentions nor refers to anything. */
export const plain = (text: string): string =>
  unmarked(
    unmentioned(text)
      .replace(REFERENCE, `$&${APART}`)
      .replace(COMMIT, (hash) => hash.replace(HASH_PIECE, `$&${APART}`)),
  );

/** The same within a link, where GitHub looks for no issues and commits: so what is copied has no invisible character. */
const linkText = (text: string) => (isCode(text) ? code(text) : unmarked(unmentioned(text)));

/** Text as inline code, whatever backticks it holds; also safe in a table. */
export function code(text: string): string {
  const line = printable(text.replace(/\s+/g, ' ').trim());
  if (line === '') return '';
  // Only a table takes away the backslash before a pipe in code, and readers of Markdown differ on which one.
  if (line.includes('|')) return `<code>${plain(line)}</code>`;
  const ticks = '`'.repeat(longestRun(line, 0) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${ticks}${pad}${line}${pad}${ticks}`;
}

/** What nothing but a machine calls something: a long hexadecimal text, with a word before it or without. */
const ID = /^(?:[a-z]+(?:[-_][a-z]+)*[-_])?(?=[\da-f-]*\d)[\da-f]{7,}(?:-[\da-f]{4,})*$/i;

/** An email address as code is no link, and can be copied. */
const EMAIL = /^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/;
const isCode = (text: string) => ID.test(text) || EMAIL.test(text);

/** A name as text, or an ID or an email address as code, which stays in one piece. */
export const nameOrId = (text: string): string => (isCode(text) ? code(text) : plain(text));

/** A sentence in which backticks stand for code, as in messages and advice; everything else is plain text. */
export function prose(text: string): string {
  const parts = text.split('`');
  if (parts.length % 2 === 0) return plain(text);
  return parts.map((part, at) => (at % 2 === 1 ? code(part) : withIds(part))).join('');
}

/** A long ID within a sentence or an address. */
const LONG_ID = /((?<![\w-])(?:[a-z]+-)?[\da-f]{24,64}(?![\w-]))/;

/** Plain text with its IDs as code, which stay in one piece. */
const withIds = (text: string) =>
  text
    .split(LONG_ID)
    .map((part, at) => (at % 2 === 1 ? code(part) : part === '' ? '' : spaced(part)))
    .join('');

/** Plain text that keeps the space at its ends, which the code beside it needs. */
const spaced = (part: string) => `${/^\s/.test(part) ? ' ' : ''}${plain(part)}${/\s$/.test(part) ? ' ' : ''}`;

/** A link to a web page. What is no http(s) address, or names a user before its host, is shown as text, without a link. */
export function link(text: string, url: string): string {
  const page = URL.canParse(url) ? new URL(url) : undefined;
  if (page === undefined || !/^https?:$/.test(page.protocol) || page.username + page.password !== '')
    return plain(text);
  const address = page.href.replace(/[()<>\s\\|`$]/g, (sign) =>
    encodeURIComponent(sign).replace('(', '%28').replace(')', '%29'),
  );
  return `[${linkText(text) || plain(url)}](${address})`;
}

/** Cells of a column of numbers: a number with its sign and unit, or a word that stands for one. */
const NUMERIC =
  /^(?:[+\u2212~]?\d[\d,]*(?:\.\d+)?(?: ?(?:%|of [\d,.]+|bytes?|[kMGT]?B|ms|s|min|h|d|ACUs?))*(?: (?:\/|gzip|zstd).*)?)$/;
const NO_NUMBER = ['', 'none', 'unknown', 'n/a', 'not reported'];

/** Numbers are aligned right, everything else left. */
function alignment(cells: readonly string[]): string {
  const isNumeric = (cell: string) => NUMERIC.test(cell) || NO_NUMBER.includes(cell);
  return cells.some((cell) => NUMERIC.test(cell)) && cells.every(isNumeric) ? '--:' : ':--';
}

/** A table without the columns that are empty in every row; the cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const filled = head.flatMap((_, at) => (rows.some((row) => (row[at] ?? '') !== '') ? [at] : []));
  const kept = filled.length === 0 ? [...head.keys()] : filled;
  const line = (cells: readonly string[]) => `| ${kept.map((at) => cells[at] || ' ').join(' | ')} |`;
  const rule = kept.map((at) => alignment(rows.map((row) => row[at] ?? '')));
  return [line(head), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

/** Text in a block of its own, in a fence that it cannot close. */
export function fence(text: string, language = ''): string {
  // What does not show goes first: backticks may stand together only then.
  const body = printable(text).replace(/\n$/, '');
  const ticks = '`'.repeat(longestRun(body, 2) + 1);
  return `${ticks}${language}\n${body}\n${ticks}`;
}

/** Text as a quotation that keeps its lines. */
export const quote = (text: string): string =>
  printable(text)
    .trim()
    .split('\n')
    .map((row) => `> ${plain(row)}`)
    .join('\n');

/** A part that is folded away until somebody opens it; `body` is Markdown. */
export const details = (title: string, body: string): string =>
  `<details><summary>${entities(printable(title.replace(/\s+/g, ' ')).trim())}</summary>\n\n${body}\n\n</details>`;

/** Parts of a summary, one below the other; empty ones are left out. */
export const sections = (...parts: readonly string[]): string =>
  `${parts.filter((part) => part !== '').join('\n\n')}\n`;
