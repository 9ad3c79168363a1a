import type { State, World } from './state.ts';

/**
 * A part of the state that one resource owns, such as its table with its seed rows. It is built when it is first asked
 * for, and anew after a reset.
 */
export function shelf<T>(build: (world: World) => T): (world: World) => T {
  const made = new WeakMap<State, { readonly value: T }>();
  return (world) => {
    let found = made.get(world.state);
    if (!found) {
      found = { value: build(world) };
      made.set(world.state, found);
    }
    return found.value;
  };
}
