/** Whether a text is a pattern rather than a path. */
export const isPattern = (text: string): boolean => /[*?]/.test(text);

type Token = '**' | '*' | '?' | { readonly sign: string };

function tokensOf(pattern: string): Token[] {
  return (pattern.toLowerCase().match(/\*{2,}|./gsu) ?? []).map((part) => {
    if (part.startsWith('**')) return '**';
    return part === '*' || part === '?' ? part : { sign: part };
  });
}

/**
 * A test for paths: `*` stands for any signs but `/`, `**` for any signs, `?` for one sign but `/`. Case does not
 * matter. It takes time in proportion to pattern and path, whatever the pattern: no state is tried twice.
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
    for (const sign of path.toLowerCase()) {
      const next = new Set<number>();
      for (const state of states) {
        const token = tokens[state];
        if (token === '**' || (token === '*' && sign !== '/')) passStars(next, state);
        else if (token === '?' ? sign !== '/' : typeof token === 'object' && token.sign === sign) {
          passStars(next, state + 1);
        }
      }
      if (next.size === 0) return false;
      states = next;
    }
    return states.has(tokens.length);
  };
}
