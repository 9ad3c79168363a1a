import type { Decoded } from './origin.ts';

/**
 * Escape sequences of terminals, with seven bits or eight: CSI, then strings that end with BEL or ST (links among them),
 * then the others. None is gone through twice, since none holds the beginning of another.
 */
const SEQUENCE =
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9b-\x9f\r\n]*(?:\x07|\x1b\\?|\x9c)|\x1b[ -/]*[0-~]/y;

const BACKSPACE = '\b';
const HAS_SEQUENCE = /[\b\x1b\x80-\x9f]/;

/** What a terminal shows of a text with escape sequences or backspaces; undefined for one that has none. */
export function displayed(text: string): Decoded | undefined {
  if (!HAS_SEQUENCE.test(text)) return undefined;
  const kept: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charAt(at);
    if (unit === BACKSPACE) {
      if (kept.length > 0 && !/[\r\n]/.test(text.charAt(kept.at(-1) ?? 0))) kept.pop();
      continue;
    }
    SEQUENCE.lastIndex = at;
    const isSequence = (unit === '\x1b' || (unit >= '\x80' && unit <= '\x9f')) && SEQUENCE.test(text);
    if (isSequence) at = SEQUENCE.lastIndex - 1;
    else kept.push(at);
  }
  return {
    text: kept.map((at) => text.charAt(at)).join(''),
    origin: ({ start, end }) => ({ start: kept[start] ?? 0, end: (kept[end - 1] ?? 0) + 1 }),
  };
}

/** Where a long text continues: a space or the end of a line, with what quotes and comments begin the next one with. */
const WRAP = / (?:[>|#*] )?/g;

/** The text alone of `unwrapped`, which takes a fraction of the time. */
export const unwrappedText = (text: string): string => text.replaceAll(WRAP, '');

/** A decoded text without spaces and line ends, for what was wrapped. */
export function unwrapped(text: string): Decoded {
  const [at, from]: [number[], number[]] = [[], []];
  let whole = '';
  let end = 0;
  const add = (to: number) => {
    if (to > end) {
      at.push(whole.length);
      from.push(end);
      whole += text.slice(end, to);
    }
  };
  for (const { 0: all, index } of text.matchAll(WRAP)) {
    add(index);
    end = index + all.length;
  }
  add(text.length);
  const place = (unit: number) => {
    let [low, high] = [0, at.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((at[middle] ?? 0) <= unit) low = middle;
      else high = middle - 1;
    }
    return (from[low] ?? 0) + unit - (at[low] ?? 0);
  };
  return { text: whole, origin: ({ start, end: last }) => ({ start: place(start), end: place(last - 1) + 1 }) };
}
