import type { ReadInput } from '../contract/parse.ts';

/** The environment of a process. */
export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Reads inputs as the runner passes them: `INPUT_` and the name in capitals, spaces as underscores. Spaces inside the
 * value stay; a value of nothing but spaces is absent, as the runner cannot tell it from an input that is not set.
 */
export function inputReader(env: Env): ReadInput {
  return (name) => {
    const value = env[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`];
    return value === undefined || value.trim() === '' ? undefined : value;
  };
}

/** The inputs as they were written, before anything is read out of them; those that are not set are left out. */
export function writtenInputs(env: Env, names: readonly string[]): Readonly<Record<string, string>> {
  const read = inputReader(env);
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = read(name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** Names of the inputs that the environment holds but that `isKnown` does not know, in lower case. */
export function unknownInputs(env: Env, isKnown: (name: string) => boolean): string[] {
  return Object.entries(env)
    .filter(([key, value]) => key.startsWith('INPUT_') && value !== undefined && value !== '')
    .map(([key]) => key.slice('INPUT_'.length).toLowerCase())
    .filter((name) => !isKnown(name));
}
