const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The index after the string that begins at `start`. */
function afterString(json: string, start: number): number {
  let at = start + 1;
  while (at < json.length && json.charCodeAt(at) !== QUOTE) at += json.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at + 1;
}

/** Whether a colon follows, so that what comes before it is the name of a member. */
function isBeforeColon(json: string, start: number): boolean {
  let at = start;
  while (json.charCodeAt(at) <= 0x20) at += 1;
  return json.charCodeAt(at) === COLON;
}

/**
 * The texts of the elements of a list, exactly as they are in the JSON of the object that contains it. `json` must be
 * valid. Returns undefined if the object has no list of that name; of two, the last one counts, as in `JSON.parse`.
 */
export function elementTexts(json: string, name: string): readonly string[] | undefined {
  let texts: string[] | undefined;
  let depth = 0;
  let isNamed = false;
  /** Where the current element of the list begins; undefined outside of the list. */
  let begin: number | undefined;
  const keep = (end: number) => {
    const text = json.slice(begin, end).trim();
    if (text !== '') texts?.push(text);
  };
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) {
      const end = afterString(json, at);
      if (depth === 1 && isBeforeColon(json, end)) {
        isNamed = JSON.parse(json.slice(at, end)) === name;
        if (isNamed) texts = undefined;
      }
      at = end - 1;
    } else if (code === COMMA && depth === 2 && begin !== undefined) {
      keep(at);
      begin = at + 1;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (depth === 1 && isNamed && code === OPEN_LIST) [texts, begin] = [[], at + 1];
      depth += 1;
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      if (depth === 2 && begin !== undefined) {
        keep(at);
        begin = undefined;
      }
      depth -= 1;
    }
  }
  return texts;
}

/** JSON on one line: a line break can only be between two tokens, where a space means the same. */
export const onOneLine = (json: string): string => json.replace(/\s*[\r\n]\s*/g, ' ');
