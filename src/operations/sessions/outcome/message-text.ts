import { isRecord } from '../../../contract/json.ts';

/** A piece of a message: text as it is, or a file that the message refers to. */
export type Piece = { readonly text: string } | { readonly name: string; readonly url: string };

const MARK = 'ATTACHMENT:';
/** Longest mark that is read, in characters. */
const MAX_MARK = 10_000;

const isWeb = (url: string) => /^https?:$/.test(URL.parse(url)?.protocol ?? '');

function nameOf(url: string): string {
  const last = URL.parse(url)?.pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last) || 'attachment';
  } catch {
    return last;
  }
}

/** The end of the JSON object that begins at `start`, behind its last brace; undefined if it does not end. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < Math.min(text.length, start + MAX_MARK); at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === '{') depth += 1;
    else if (!quoted && character === '}') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}

function fileOf(json: string): { name: string; url: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof value === 'string') return isWeb(value) ? { name: nameOf(value), url: value } : undefined;
  if (!isRecord(value)) return undefined;
  const texts = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  const url = texts.map(([, text]) => text).find(isWeb);
  if (url === undefined) return undefined;
  const name = texts.find(([key, text]) => /name|title/i.test(key) && text.trim() !== '')?.[1];
  return { name: name?.trim() ?? nameOf(url), url };
}

/** The end of what follows a mark, and the file that it names. */
function markAt(
  text: string,
  start: number,
): { readonly end: number; readonly file: { name: string; url: string } } | undefined {
  const first = text[start];
  const line = text.slice(start, start + MAX_MARK);
  const end =
    first === '{'
      ? endOfObject(text, start)
      : first === '"'
        ? start + (/^"[^"\r\n]*"/.exec(line)?.[0].length ?? 0)
        : undefined;
  if (end === undefined || end === start) return undefined;
  const file = fileOf(text.slice(start, end));
  return file === undefined ? undefined : { end, file };
}

/** Splits a message at its attachment marks, `ATTACHMENT:"url"` and `ATTACHMENT:{json}`; other marks stay text. */
export function piecesOf(message: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = message.indexOf(MARK); at !== -1; at = message.indexOf(MARK, at + 1)) {
    if (at < from) continue;
    const mark = markAt(message, at + MARK.length);
    if (mark === undefined) continue;
    if (at > from) pieces.push({ text: message.slice(from, at) });
    pieces.push(mark.file);
    from = mark.end;
  }
  if (from < message.length) pieces.push({ text: message.slice(from) });
  return pieces;
}

/** A message whose attachment marks are names and links, in Markdown. */
export const readable = (message: string): string =>
  piecesOf(message)
    .map((piece) => ('url' in piece ? `[${piece.name.replaceAll(/[[\]\r\n]/g, ' ')}](${piece.url})` : piece.text))
    .join('');

/** Longest warning, in characters. */
const MAX_WARNING = 600;
/** A message that calls itself a warning, by a word or a sign at its beginning. */
const MARKED = /^[^\p{L}\p{N}]*(?:(?:environment|setup|build|repository|repo)\s+)?warning\b|^\s*\u26a0/iu;
const TROUBLE = /\b(?:fail(?:ed|ure|s)?|could ?n['o]t|unable|incomplete|(?:did|was) not complete|error)\b/i;
const ENVIRONMENT = /\b(?:environment|snapshot|blueprint|machine|repo(?:sitory|s)?|git|pull|build|setup)\b/i;
/** The same without such a mark, as a report of the system that does not speak of itself. */
const REPORT =
  /^\W*(?:(?:git |repo(?:sitory)? )?pull failed|(?:failed to|unable to|could not) (?:git )?pull|(?:the )?(?:environment|snapshot)(?:'s)? (?:build|setup) (?:is |was |has )?(?:failed|incomplete|not complete))\b/i;

/**
 * Whether a message is a warning about Devin's environment, such as a failed pull or an incomplete build, which arrives
 * like any other message. Only short ones that ask nothing count, and only if they are marked as a warning or begin with
 * the trouble: a real reply that is taken for a warning would be lost.
 */
export function isEnvironmentWarning(message: string): boolean {
  if (message.length > MAX_WARNING || message.includes('?')) return false;
  return REPORT.test(message) || (MARKED.test(message) && TROUBLE.test(message) && ENVIRONMENT.test(message));
}
