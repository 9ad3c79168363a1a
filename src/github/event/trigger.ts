import { nearestOf } from '../../contract/kinds.ts';

/** What stands behind a trigger phrase. */
export interface PhraseRequest {
  /** What is asked for, trimmed; may be empty. */
  readonly args: string;
  /** `new` stood right behind the phrase: a new session is wanted. */
  readonly fresh: boolean;
}

const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;

/** Whether a line closes the block of code that the fence began. */
function closes(line: string, fence: string): boolean {
  const [, marks] = /^ {0,3}(`+|~+)[ \t]*$/.exec(line) ?? [];
  return marks !== undefined && marks[0] === fence[0] && marks.length >= fence.length;
}

/** A line that begins with the phrase in any case, after up to three spaces, and what follows it. */
function after(line: string, phrase: string): string | undefined {
  const text = line.replace(/^ {1,3}(?! )/, '');
  if (text.startsWith('>') || text.slice(0, phrase.length).toLowerCase() !== phrase.toLowerCase()) return undefined;
  const [, rest] = /^(?:[,;:.!?]+(?=[ \t]|$))?(|[ \t].*)$/.exec(text.slice(phrase.length)) ?? [];
  return rest;
}

interface Line {
  readonly text: string;
  /** It belongs to a fenced block of code. */
  readonly isCode: boolean;
}

function linesOf(text: string): readonly Line[] {
  let fence: string | undefined;
  return text.split(/\r\n|[\r\n]/).map((line) => {
    const open = fence;
    if (open === undefined) fence = FENCE.exec(line)?.[1];
    else if (closes(line, open)) fence = undefined;
    return { text: line, isCode: open !== undefined || fence !== undefined };
  });
}

/**
 * Finds the phrase at the start of a line, in any case, followed by a space, a punctuation mark, or the line's end.
 * Lines in blocks of code do not count, nor do quoted ones, which begin with `>`. The rest of the line and the lines
 * below are what is asked for.
 */
export function findTrigger(text: string, phrase: string): PhraseRequest | undefined {
  if (phrase.trim() === '') return undefined;
  const lines = linesOf(text);
  for (const [at, line] of lines.entries()) {
    const behind = line.isCode ? undefined : after(line.text, phrase);
    if (behind === undefined) continue;
    const rest = behind.trim();
    const [fresh] = /^new(?=\s|$)/.exec(rest) ?? [];
    const below = lines.slice(at + 1).map((one) => one.text);
    const args = [fresh === undefined ? rest : rest.slice(fresh.length), ...below].join('\n').trim();
    return { args, fresh: fresh !== undefined };
  }
  return undefined;
}

/** Why a line that has the phrase, or nearly, does not count, as a clause; undefined for a line without it. */
function missOf({ text, isCode }: Line, phrase: string): string | undefined {
  const line = text.trim().toLowerCase();
  const wanted = phrase.toLowerCase();
  const [first = ''] = line.split(/\s/, 1);
  if (!line.includes(wanted)) {
    const isSimilar =
      first.length > 3 &&
      first.length < wanted.length + 4 &&
      nearestOf(first.replace(/[,;:.!?]+$/, ''), [wanted]) !== undefined;
    return isSimilar ? 'begins with a similar word' : undefined;
  }
  if (isCode || /^(?: {4}| {0,3}\t)/.test(text)) return 'has it in a block of code';
  if (line.startsWith('>')) return 'has it in a quotation';
  return line.startsWith(wanted) ? 'has other characters directly after it' : 'does not begin with it';
}

/** The first line that may have been meant as a request, and why it is none; undefined if there is no such line. */
export function nearMiss(text: string, phrase: string): string | undefined {
  for (const [at, line] of linesOf(text).entries()) {
    const why = missOf(line, phrase);
    if (why !== undefined) return `line ${at + 1} ${why}`;
  }
  return undefined;
}
