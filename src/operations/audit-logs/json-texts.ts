const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** The highest of the characters that JSON takes for space: they and nothing else stand between its signs. */
const SPACE = 0x20;

/** The place behind the string that begins at `start`. */
function behindString(text: string, start: number): number {
  // Most strings of an event are short, so a loop is sooner done than a search is called.
  for (let at = start + 1; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) return at + 1;
    if (sign === BACKSLASH) at += 1;
  }
  return text.length;
}

function behindSpace(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

/** Elements of a list, and the place behind it. */
interface Elements {
  readonly found: string[];
  readonly end: number;
}

/** The elements of the list that begins at `start`, each as it is written. */
function elements(text: string, start: number): Elements {
  const found: string[] = [];
  let depth = 0;
  let from = start + 1;
  const keep = (to: number) => {
    const element = text.slice(from, to).trim();
    if (element !== '') found.push(element);
    from = to + 1;
  };
  let at = start + 1;
  while (at < text.length) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) {
      at = behindString(text, at);
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

/** In JSON a line break can only stand between two values, where a space says the same. */
const onOneLine = (text: string) => text.replace(/\s*[\r\n]\s*/g, ' ');

/**
 * The elements of a list that is a member of an object, each as it is written in the object's JSON, on one line: a number
 * keeps digits that JavaScript cannot hold, and members keep their order. `json` is JSON for sure; undefined where it has
 * no such list.
 */
export function elementTexts(json: string, name: string): string[] | undefined {
  let found: string[] | undefined;
  let depth = 0;
  let at = 0;
  while (at < json.length) {
    const sign = json.charCodeAt(at);
    if (sign === QUOTE) {
      const end = behindString(json, at);
      const colon = behindSpace(json, end);
      const isName = depth === 1 && json.charCodeAt(colon) === COLON && json.slice(at + 1, end - 1) === name;
      at = end;
      if (!isName) continue;
      at = behindSpace(json, colon + 1);
      // Of a member that stands twice, the last one counts, as in JSON.parse.
      found = undefined;
      if (json.charCodeAt(at) !== OPEN_LIST) continue;
      const list = elements(json, at);
      [found, at] = [list.found, list.end];
      continue;
    }
    if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
    else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) depth -= 1;
    at += 1;
  }
  const isOnOneLine = !json.includes('\n') && !json.includes('\r');
  return isOnOneLine ? found : found?.map(onOneLine);
}
