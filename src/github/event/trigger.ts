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

/**
 * Finds the phrase at the start of a line, followed by a space or the line's end. Lines in fenced blocks of code do not
 * count, nor do quoted ones, which begin with `>`. The rest of the line and the lines below are what is asked for.
 */
export function findTrigger(text: string, phrase: string): PhraseRequest | undefined {
  if (phrase.trim() === '') return undefined;
  const lines = text.split(/\r\n|[\r\n]/);
  let fence: string | undefined;
  for (const [at, line] of lines.entries()) {
    if (fence !== undefined) {
      if (closes(line, fence)) fence = undefined;
    } else if (line.startsWith(phrase) && /^(?:[ \t]|$)/.test(line.slice(phrase.length)) && !line.startsWith('>')) {
      const rest = line.slice(phrase.length).trim();
      const [fresh] = /^new(?=\s|$)/.exec(rest) ?? [];
      const args = [fresh === undefined ? rest : rest.slice(fresh.length), ...lines.slice(at + 1)].join('\n').trim();
      return { args, fresh: fresh !== undefined };
    } else {
      fence = FENCE.exec(line)?.[1];
    }
  }
  return undefined;
}
