const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** The highest of the characters that JSON takes for space: they and nothing else stand between its signs. */
const SPACE = 0x20;

/** The place behind the string that begins at `start`. */
function behindString(json: Buffer, start: number): number {
  // Most strings of an event are short, so a loop is sooner done than a search is called.
  for (let at = start + 1; at < json.length; at += 1) {
    const sign = json[at];
    if (sign === QUOTE) return at + 1;
    if (sign === BACKSLASH) at += 1;
  }
  return json.length;
}

const isSpace = (json: Buffer, at: number) => (json[at] ?? QUOTE) <= SPACE;

function behindSpace(json: Buffer, start: number): number {
  let at = start;
  while (isSpace(json, at)) at += 1;
  return at;
}

/** Where a value stands in bytes: `from` inclusive, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Elements of a list, and the place behind it. */
interface Elements {
  readonly found: Span[];
  readonly end: number;
}

/** The elements of the list that begins at `start`, without the space around them. */
function elements(json: Buffer, start: number): Elements {
  const found: Span[] = [];
  let depth = 0;
  let begin = start + 1;
  const keep = (end: number) => {
    const from = behindSpace(json, begin);
    let to = end;
    while (to > from && isSpace(json, to - 1)) to -= 1;
    if (to > from) found.push({ from, to });
    begin = end + 1;
  };
  let at = start + 1;
  while (at < json.length) {
    const sign = json[at];
    if (sign === QUOTE) {
      at = behindString(json, at);
      continue;
    }
    if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
    else if (sign === COMMA && depth === 0) keep(at);
    else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) {
      if (depth === 0) break;
      depth -= 1;
    }
    at += 1;
  }
  keep(at);
  return { found, end: at + 1 };
}

/**
 * Where the elements of a list stand that is a member of an object, in the object's JSON. `json` is JSON in UTF-8 for
 * sure; undefined where it has no such list.
 */
export function elementSpans(json: Buffer, name: string): readonly Span[] | undefined {
  let found: Span[] | undefined;
  let depth = 0;
  let at = 0;
  while (at < json.length) {
    const sign = json[at];
    if (sign === QUOTE) {
      const end = behindString(json, at);
      const colon = behindSpace(json, end);
      const isName = depth === 1 && json[colon] === COLON && json.toString('latin1', at + 1, end - 1) === name;
      at = end;
      if (!isName) continue;
      at = behindSpace(json, colon + 1);
      // Of a member that stands twice, the last one counts, as in JSON.parse.
      found = undefined;
      if (json[at] !== OPEN_LIST) continue;
      const list = elements(json, at);
      [found, at] = [list.found, list.end];
      continue;
    }
    if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
    else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) depth -= 1;
    at += 1;
  }
  return found;
}

/** The JSON of a value on one line: a line break can only stand between two values, where a space says the same. */
export function onOneLine(json: Buffer): Buffer {
  if (!json.includes('\n') && !json.includes('\r')) return json;
  return Buffer.from(json.toString('latin1').replace(/\s*[\r\n]\s*/g, ' '), 'latin1');
}
