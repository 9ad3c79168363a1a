import { OUTPUTS } from '../contract/outputs.ts';
import { code, plain } from '../report/markdown.ts';
import { decodedLevels } from './decoded.ts';

/** Shorter values are hidden only where they stand alone: they occur in everything that a user reads. */
export const SHORTEST_ANYWHERE = 6;
/** Shorter values are not hidden at all. */
export const SHORTEST_SECRET = 3;
/** Shorter values announced to the runner would take its whole log apart: it hides them within words as well. */
const SHORTEST_MASK = 4;

/** Words and names in every result: their parts are no secret, and hiding them would take it apart. */
const WORDS = [
  ...['true', 'false', 'null', 'none', 'undefined', 'success', 'failure', 'finished', 'running', 'changes', 'skipped'],
  ...['schema_version', 'operation', 'outcome', 'error', 'message', 'list', 'started_at', 'duration_ms', 'dry_run'],
  ...['requests', 'retries', 'journal', 'method', 'path', 'data', 'truncated', 'title', 'tags', 'pr_url', 'pr_state'],
  ...Object.keys(OUTPUTS),
];

const isWord = (part: string) => WORDS.some((word) => word.includes(part.trim().toLowerCase()));
const isSecret = (part: string, least: number) => part.trim().length >= least && !isWord(part);

const linesOf = (secret: string) => secret.split(/\r?\n/);

/** The texts by which the runner is told of a secret, which it knows line by line. */
export function masksOf(secret: string): readonly string[] {
  const parts = [secret, ...linesOf(secret)].flatMap((part) => [part, part.trim()]);
  return [...new Set(parts)].filter((part) => isSecret(part, SHORTEST_MASK) && !/[\r\n]/.test(part));
}

/** The texts by which a secret is known: itself and its longer lines, with and without the spaces around them. */
export function partsOf(secret: string): readonly string[] {
  const lines = linesOf(secret).filter((line) => isSecret(line, SHORTEST_ANYWHERE));
  const parts = [...(isSecret(secret, SHORTEST_SECRET) ? [secret] : []), ...lines].flatMap((part) => [
    part,
    part.trim(),
  ]);
  // What stands in for a secret hides nothing.
  return [...new Set(parts)].filter((part) => part.trim() !== '***');
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1);

/** How a text is written out as it is: in JSON, in JSON within JSON, in an address, and in Markdown. */
export function writtenForms(part: string): readonly string[] {
  const json = [part, inJson(part), inJson(inJson(part))];
  const markdown = json.flatMap((form) => [plain(form), code(form).replaceAll(/^`+ ?| ?`+$/g, '')]);
  return [...json, ...markdown, encodeURIComponent(part.toWellFormed())];
}

/** What a text is once nothing of it is encoded any more, and on the way there. */
export const decodedForms = (part: string): readonly string[] => decodedLevels(part).map(({ text }) => text);

/** The digits of Base64 that say nothing but these bytes, `offset` bytes behind the beginning of a group of three. */
function base64At(bytes: Buffer, offset: number): string {
  const all = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const shared = (bytes.length + offset) % 3 !== 0;
  return all.slice(offset === 0 ? 0 : offset + 1, shared ? -1 : undefined);
}

/** How a text is written as bytes: in Base64 wherever it stands in what was encoded, in its form for addresses, in hex. */
export function byteForms(part: string): readonly string[] {
  const bytes = Buffer.from(part);
  const whole = bytes.toString('base64').replace(/=+$/, '');
  const base64 = [whole, ...[0, 1, 2].map((offset) => base64At(bytes, offset))];
  const url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([...base64, ...url, bytes.toString('hex')])].filter((form) => form.length >= SHORTEST_ANYWHERE);
}
