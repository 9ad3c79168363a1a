// Control characters (ANSI escapes among them), line separators that some readers break at, and marks that reorder text
// or show nothing.
const UNPRINTABLE = /[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/**
 * The lines of any text, safe to print to the log of a step: none of them can be read as a workflow command
 * (`::name::` at a line's start, `##[name]` anywhere), and none holds an unprintable character.
 */
export function logLines(text: string): string[] {
  return text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).map((line) => {
    const printable = line.replace(UNPRINTABLE, '').toWellFormed().replaceAll('##[', '# #[');
    return printable.trimStart().startsWith('::') ? printable.replace('::', ': :') : printable;
  });
}

/** The first `max` characters of a text's first line, with `…` where something is missing. */
export function firstLine(text: string, max = 72): string {
  const line = text.trim().split(/\r?\n/, 1)[0] ?? '';
  const characters = [...line];
  const cut = characters.length > max ? characters.slice(0, max - 1).join('') : line;
  return cut === text.trim() ? cut : `${cut.trimEnd()}…`;
}
