import type { Fields } from './document.ts';
import type { Accepted, State, Token } from './state.ts';

/** One request, checked by the document. */
export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Fields;
  readonly token: Token;
  readonly state: State;
  /** Address of the API as the caller sees it. */
  readonly api: string;
  /** Address where files lie. */
  readonly files: string;
}

/** An answer. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a route of the document is served, and what a token needs for it. */
export interface Handler {
  readonly accepted: (asked: Asked) => Accepted;
  readonly serve: (asked: Asked) => Answer;
}

/** A page of a list, with the `link` header that GitHub gives. */
export function page<T>({ query, api }: Asked, path: string, all: readonly T[], render: (one: T) => unknown) {
  const size = Math.min(100, Number(query.get('per_page') ?? 30));
  const at = Number(query.get('page') ?? 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (rel: string, to: number) => `<${api}${path}?per_page=${size}&page=${to}>; rel="${rel}"`;
  const links = [
    ...(at > 1 ? [link('prev', at - 1), link('first', 1)] : []),
    ...(at < last ? [link('next', at + 1), link('last', last)] : []),
  ];
  return {
    rows: all.slice((at - 1) * size, at * size).map(render),
    headers: links.length === 0 ? {} : { link: links.join(', ') },
  };
}

/** Path of the repository below the API's root. */
export const repositoryPath = ({ repository }: State) => `/repos/${repository}`;
