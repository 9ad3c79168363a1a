// Which patterns mean what:
// - paths of repositories (`repos`, `except` and `protected` of a permissions manifest): `pathTest`
// - names of audit actions (inputs `actions` and `alert_on`): `nameTest`
// - files of the workspace (inputs such as `manifest` and `files`): Node's own `glob`, within src/runner/pattern.ts

/** Whether a text is a pattern of paths rather than a path. */
export const isPattern = (text: string): boolean => /[*?]/.test(text);

type Token = '**' | '*' | '?' | { readonly character: string };

function tokensOf(pattern: string): Token[] {
  return (pattern.toLowerCase().match(/\*{2,}|./gsu) ?? []).map((part) => {
    if (part.startsWith('**')) return '**';
    return part === '*' || part === '?' ? part : { character: part };
  });
}

/**
 * A test for paths: `*` matches any characters except `/`, `**` any characters, `?` one character except `/`. Case
 * does not matter. It takes time in proportion to pattern and path, whatever the pattern: no state is tried twice.
 */
export function pathTest(pattern: string): (path: string) => boolean {
  const tokens = tokensOf(pattern);
  const passStars = (states: Set<number>, at: number) => {
    let state = at;
    states.add(state);
    while (tokens[state] === '*' || tokens[state] === '**') {
      state += 1;
      states.add(state);
    }
  };
  return (path) => {
    let states = new Set<number>();
    passStars(states, 0);
    for (const character of path.toLowerCase()) {
      const next = new Set<number>();
      for (const state of states) {
        const token = tokens[state];
        if (token === '**' || (token === '*' && character !== '/')) passStars(next, state);
        else if (token === '?' ? character !== '/' : typeof token === 'object' && token.character === character) {
          passStars(next, state + 1);
        }
      }
      if (next.size === 0) return false;
      states = next;
    }
    return states.has(tokens.length);
  };
}

/** A test for names: whether one matches any of some patterns, in which `*` matches any text and nothing else is special. */
export function nameTest(patterns: readonly string[]): (name: string) => boolean {
  const exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
  const open = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => pattern.split('*'));
  return (name) => exact.has(name) || open.some((pieces) => fits(name, pieces));
}

/**
 * Whether a text consists of these pieces, in order, with any text between them. The earliest place for each is as good as
 * any other, so nothing is tried twice, unlike a regular expression for a pattern with many stars.
 */
function fits(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
