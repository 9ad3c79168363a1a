const [QUOTE, BACKSLASH, COMMA, COLON, SPACE] = [0x22, 0x5c, 0x2c, 0x3a, 0x20];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Where a value is in bytes: `from` inclusive, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The index after the string that begins at `start`. */
function afterString(json: Buffer, start: number): number {
  let at = start + 1;
  while (at < json.length && json[at] !== QUOTE) at += json[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** In valid JSON, nothing else between two tokens is that low. */
const isSpace = (byte: number | undefined) => byte !== undefined && byte <= SPACE;

/** Whether a colon follows, so that what comes before it is the name of a member. */
function isBeforeColon(json: Buffer, start: number): boolean {
  let at = start;
  while (isSpace(json[at])) at += 1;
  return json[at] === COLON;
}

/** A value without the space around it; undefined if there is only space. */
function trimmed(json: Buffer, { from, to }: Span): Span | undefined {
  let [first, last] = [from, to];
  while (first < last && isSpace(json[first])) first += 1;
  while (first < last && isSpace(json[last - 1])) last -= 1;
  return first === last ? undefined : { from: first, to: last };
}

/**
 * Where the elements of a list are in the JSON of the object that contains it. `json` must be valid JSON in UTF-8. Returns
 * undefined if the object has no list of that name; of two, the last one counts, as in `JSON.parse`.
 */
export function elementSpans(json: Buffer, name: string): readonly Span[] | undefined {
  let spans: Span[] | undefined;
  let depth = 0;
  let isNamed = false;
  /** Where the current element of the list begins; undefined outside of the list. */
  let begin: number | undefined;
  const keep = (end: number) => {
    const span = trimmed(json, { from: begin ?? end, to: end });
    if (span !== undefined) spans?.push(span);
  };
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      const end = afterString(json, at);
      if (depth === 1 && isBeforeColon(json, end)) {
        isNamed = JSON.parse(json.toString('utf8', at, end)) === name;
        if (isNamed) spans = undefined;
      }
      at = end - 1;
    } else if (byte === COMMA && depth === 2 && begin !== undefined) {
      keep(at);
      begin = at + 1;
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      if (depth === 1 && isNamed && byte === OPEN_LIST) [spans, begin] = [[], at + 1];
      depth += 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      if (depth === 2 && begin !== undefined) {
        keep(at);
        begin = undefined;
      }
      depth -= 1;
    }
  }
  return spans;
}
