import { DEFAULT_HABITS, type HabitSettings, parseHabits } from './habits.ts';
import { type InputKind, isSafe } from './kinds.ts';

const HABITS = /^sandbox\?habits=(.*)$/s;

/** Whether `api_url` names the embedded sandbox. */
export const isSandbox = (apiUrl: string | undefined): boolean =>
  apiUrl === 'sandbox' || (apiUrl !== undefined && HABITS.test(apiUrl));

/** The habits that `api_url` asks of the embedded sandbox. */
export function sandboxHabits(apiUrl: string): HabitSettings {
  const parsed = parseHabits(HABITS.exec(apiUrl)?.[1] ?? '');
  return parsed.ok ? parsed.value : DEFAULT_HABITS;
}

/**
 * Where the API is: `sandbox`, which may name habits (`sandbox?habits=field,turn_end:finished`), an https URL, or an http
 * URL on loopback. The value has no slash at its end.
 */
export const apiUrl: InputKind<string> = {
  label: 'URL or `sandbox`',
  parse(value) {
    const asked = value.trim();
    if (asked === 'sandbox') return { ok: true, value: 'sandbox' };
    const habits = HABITS.exec(asked)?.[1];
    if (habits !== undefined) {
      const parsed = parseHabits(habits);
      return parsed.ok ? { ok: true, value: asked } : parsed;
    }
    if (/^sandbox[?&/]/.test(asked))
      return { ok: false, problem: 'sandbox, or sandbox?habits=field,turn_end:finished' };
    const problem = 'an https URL, an http URL on loopback (127.0.0.1, [::1], localhost), or sandbox';
    // What a parser of addresses passes over hides from a reader where the key goes: line ends, backslashes, lookalikes.
    if (!/^https?:\/\/(?!\/)[\x21-\x5b\x5d-\x7e]+$/i.test(asked) || !URL.canParse(asked)) return { ok: false, problem };
    const url = new URL(asked);
    const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
    return isSafe(url) && plain ? { ok: true, value: asked.replace(/\/+$/, '') } : { ok: false, problem };
  },
};
