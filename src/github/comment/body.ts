import { createHash } from 'node:crypto';
import { COMMENT_MARKER } from '../event/marker.ts';

/** GitHub takes no more characters in a comment. */
export const MAX_COMMENT = 65_536;

const NOTE = '\n\n_The rest did not fit into a comment._\n';
/** Room for the note and for what closes the parts that the cut leaves open. */
const RESERVE = 1_000;

/** The first line of the comment of a key. A hash, since a key may hold anything, `-->` too. */
export const markerOf = (key: string): string =>
  `${COMMENT_MARKER}${createHash('sha256').update(key).digest('hex').slice(0, 32)} -->`;

/** Whether a comment begins with a marker, in a line of its own. */
export const hasMarker = (body: string, marker: string): boolean =>
  body.startsWith(marker) && /^\r?(\n|$)/.test(body.slice(marker.length, marker.length + 2));

/** What closes the fences and folded parts that a text leaves open, the innermost first. */
export function closing(text: string): string {
  let fence = '';
  let folded = 0;
  for (const line of text.split('\n')) {
    const [, sign = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === '') {
      fence = sign;
      if (sign === '') folded += (line.match(/<details\b/gi) ?? []).length - (line.match(/<\/details>/gi) ?? []).length;
    } else if (sign.startsWith(fence) && line.trim() === sign) {
      fence = '';
    }
  }
  return `${fence === '' ? '' : `\n${fence}`}${'\n\n</details>'.repeat(Math.max(0, folded))}`;
}

function cut(text: string, most: number): string {
  const head = text.slice(0, most - RESERVE);
  const line = head.lastIndexOf('\n');
  // A last line that is most of the text is cut in itself, but not between the halves of a character.
  const kept = line > head.length / 2 ? head.slice(0, line) : head.replace(/[\ud800-\udbff]$/, '');
  const end = closing(kept) + NOTE;
  return end.length <= RESERVE ? kept + end : kept.replaceAll(/<\/?details[^>]*>/gi, '') + NOTE;
}

/** A comment: its marker, as much of the Markdown as GitHub takes, and an end that is never cut. */
export function commentBody(marker: string, markdown: string, end = ''): string {
  const tail = end === '' ? '' : `\n\n${end}\n`;
  const room = MAX_COMMENT - marker.length - 1 - tail.length;
  return `${marker}\n${markdown.length <= room ? markdown : cut(markdown, room)}${tail}`;
}
