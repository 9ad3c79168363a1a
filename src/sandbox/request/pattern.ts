/** So that no pattern makes a text without end. */
const MAX_REPEATS = 1000;

/** Makes a text that a regular expression matches; knows the constructs that schemas commonly use. */
class Maker {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  /** The first alternative, up to the closing parenthesis or the end. */
  alternatives(): string {
    const first = this.#sequence();
    while (this.#take('|')) this.#sequence();
    return first;
  }

  #peek(): string | undefined {
    return this.#source[this.#at];
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }

  #sequence(): string {
    let text = '';
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      const atom = this.#atom();
      text += atom.repeat(this.#count());
    }
    return text;
  }

  #atom(): string {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    if (char === '^' || char === '$') return '';
    if (char === '.') return 'a';
    if (char === '[') return this.#class();
    if (char === '(') return this.#group();
    return char === '\\' ? this.#escape() : char;
  }

  #group(): string {
    const look = /^\?(?:<?[=!])/.test(this.#source.slice(this.#at));
    const prefix = /^\?(?:[:=!]|<[=!]|<\w+>)/.exec(this.#source.slice(this.#at))?.[0] ?? '';
    this.#at += prefix.length;
    const text = this.alternatives();
    this.#take(')');
    return look ? '' : text;
  }

  #escape(): string {
    const char = this.#source[this.#at] ?? '';
    this.#at += 1;
    const known: Readonly<Record<string, string>> = {
      d: '1',
      w: 'a',
      s: ' ',
      D: 'a',
      W: '-',
      S: 'a',
      t: '\t',
      n: '\n',
      b: '',
      B: '',
    };
    return known[char] ?? char;
  }

  #class(): string {
    const end = /^\^?\]?(?:\\.|[^\]\\])*/.exec(this.#source.slice(this.#at))?.[0] ?? '';
    this.#at += end.length + 1;
    if (end.startsWith('^')) {
      const fits = [...'a1- _A'].find((char) => new RegExp(`[${end}]`, 'u').test(char));
      return fits ?? 'z';
    }
    return end.startsWith('\\') ? new Maker(end).#atom() : end.slice(0, 1);
  }

  #count(): number {
    const rest = this.#source.slice(this.#at);
    const quantifier = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(rest);
    if (!quantifier) return 1;
    this.#at += quantifier[0].length;
    if (quantifier[1] !== undefined) return Math.min(Number(quantifier[1]), MAX_REPEATS);
    return quantifier[0].startsWith('+') ? 1 : 0;
  }
}

/** A text for a pattern, or undefined where the pattern is too hard; the caller checks that it matches. */
export function textFor(pattern: string): string | undefined {
  try {
    const text = new Maker(pattern).alternatives();
    return new RegExp(pattern, 'u').test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
