/** Whether a text is a pattern rather than a path. */
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
export function globTest(pattern: string): (path: string) => boolean {
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
