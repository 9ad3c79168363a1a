const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The place behind the string that begins at `start`. */
function behindString(text: string, start: number): number {
  let at = start;
  for (;;) {
    at = text.indexOf('"', at + 1);
    if (at < 0) return text.length;
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes += 1;
    if (escapes % 2 === 0) return at + 1;
  }
}

/** In JSON a line break can only stand between two values, where a space says the same. */
const onOneLine = (text: string) => (/[\r\n]/.test(text) ? text.replace(/\s*[\r\n]\s*/g, ' ') : text);

/** The elements of the list that begins at `start`, each as it is written. */
function elements(text: string, start: number): string[] {
  const found: string[] = [];
  let depth = 0;
  let from = start + 1;
  const keep = (to: number) => {
    const element = text.slice(from, to).trim();
    if (element !== '') found.push(onOneLine(element));
    from = to + 1;
  };
  for (let at = start + 1; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) at = behindString(text, at) - 1;
    else if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
    else if (sign === CLOSE_LIST && depth === 0) {
      keep(at);
      return found;
    } else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) depth -= 1;
    else if (sign === COMMA && depth === 0) keep(at);
  }
  return found;
}

/** Where the value of a member of the outermost object begins; -1 if it has no such member. */
function memberValue(text: string, name: string): number {
  let depth = 0;
  let found = -1;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text.charCodeAt(at);
    if (sign === QUOTE) {
      const end = behindString(text, at);
      const isName = depth === 1 && text.slice(at + 1, end - 1) === name;
      at = end - 1;
      if (!isName) continue;
      while (/\s/.test(text.charAt(at + 1))) at += 1;
      if (text.charCodeAt(at + 1) !== COLON) continue;
      at += 1;
      while (/\s/.test(text.charAt(at + 1))) at += 1;
      // Of a member that stands twice, the last one counts, as in JSON.parse.
      found = at + 1;
    } else if (sign === OPEN_OBJECT || sign === OPEN_LIST) depth += 1;
    else if (sign === CLOSE_OBJECT || sign === CLOSE_LIST) depth -= 1;
  }
  return found;
}

/**
 * The elements of a list that is a member of an object, each as it is written in the object's JSON: a number keeps
 * digits that JavaScript cannot hold, and members keep their order. `json` is JSON for sure; undefined where it has no
 * such list.
 */
export function elementTexts(json: string, name: string): string[] | undefined {
  const start = memberValue(json, name);
  return start >= 0 && json.charCodeAt(start) === OPEN_LIST ? elements(json, start) : undefined;
}
