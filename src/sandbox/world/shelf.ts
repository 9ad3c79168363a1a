import type { State, World } from './state.ts';

/**
 * A part of the state that one resource owns, such as its table with its seed rows. It is built when it is first asked
 * for, and anew after a reset; the world that it is built from has the time at which the state began. What is built
 * must not depend on what has been changed by then: seed rows go by `counts` and ids, never by the tables of the state.
 */
export function shelf<T>(build: (world: World) => T): (world: World) => T {
  const made = new WeakMap<State, { readonly value: T }>();
  return (world) => {
    let found = made.get(world.state);
    if (!found) {
      found = { value: build({ ...world, now: world.state.started }) };
      made.set(world.state, found);
    }
    return found.value;
  };
}
