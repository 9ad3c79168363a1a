import type { Method } from '../../devin/endpoint.ts';
import { decoded } from './text.ts';

/** What a path leads to: a target, or the methods that the path would take. */
export type Match<T> =
  | { readonly target: T; readonly params: Readonly<Record<string, string>> }
  | { readonly allowed: readonly string[] };

interface Node<T> {
  readonly fixed: Map<string, Node<T>>;
  open: Node<T> | undefined;
  readonly targets: Map<string, { target: T; names: readonly string[] }>;
}

function node<T>(): Node<T> {
  return { fixed: new Map(), open: undefined, targets: new Map() };
}

/** Finds targets by method and path. A fixed segment wins over a `{parameter}`. */
export class Router<T> {
  readonly #root = node<T>();

  /** Adds a target at a path template such as `/v3/a/{id}`. */
  add(method: Method, template: string, target: T): void {
    const names: string[] = [];
    let at = this.#root;
    for (const segment of template.split('/').slice(1)) {
      if (segment.startsWith('{')) {
        names.push(segment.slice(1, -1));
        at.open ??= node();
        at = at.open;
      } else {
        const next: Node<T> = at.fixed.get(segment) ?? node();
        at.fixed.set(segment, next);
        at = next;
      }
    }
    at.targets.set(method, { target, names });
  }

  /** What the path leads to; undefined where there is no such path. */
  find(method: string, path: string): Match<T> | undefined {
    const allowed: string[] = [];
    const found = this.#walk(this.#root, path.split('/').slice(1), 0, [], method, allowed);
    return found ?? (allowed.length > 0 ? { allowed } : undefined);
  }

  #walk(
    at: Node<T>,
    segments: readonly string[],
    index: number,
    values: readonly string[],
    method: string,
    allowed: string[],
  ): Match<T> | undefined {
    const segment = segments[index];
    if (segment === undefined) {
      const hit = at.targets.get(method);
      if (!hit) allowed.push(...at.targets.keys());
      return (
        hit && { target: hit.target, params: Object.fromEntries(hit.names.map((name, i) => [name, values[i] ?? ''])) }
      );
    }
    const fixed = at.fixed.get(segment);
    const found = fixed && this.#walk(fixed, segments, index + 1, values, method, allowed);
    if (found || !at.open || segment === '') return found;
    return this.#walk(at.open, segments, index + 1, [...values, decoded(segment)], method, allowed);
  }
}
