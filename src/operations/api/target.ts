import { type Fallible, failed } from '../../contract/fallible.ts';
import { didYouMean } from '../../contract/kinds.ts';
import type { ApiVersion, Endpoint, Method } from '../../devin/endpoint.ts';
import { catalogue } from '../../devin/endpoints/index.ts';
import { unlistedEndpoint } from '../../devin/endpoints/unlisted.ts';

/** What a call is for: an endpoint, and the path parameters that its text already gave. */
export interface Target {
  readonly endpoint: Endpoint;
  readonly params: Readonly<Record<string, string>>;
  /** Where the text names the beta path of an endpoint that also has a newer one. */
  readonly version?: ApiVersion;
}

type Found = Fallible<{ readonly target: Target }>;

const METHODS: readonly string[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
const isMethod = (text: string): text is Method => METHODS.includes(text);

const segments = (path: string) => path.split('/').slice(1);
const nameOf = (segment: string) => /^\{(\w+)\}$/.exec(segment)?.[1];

/** The parameters that a path gives to a template, or undefined where the two do not fit. */
function matchPath(template: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [segments(template), segments(path)];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? '';
    const name = nameOf(segment);
    if (name === undefined ? segment !== value : value === '') return undefined;
    if (name !== undefined && nameOf(value) === undefined) params[name] = value;
  }
  return params;
}

/** Why a path cannot be called whatever the API has; undefined if it may. */
function whyNotCallable(path: string): string | undefined {
  if (!path.startsWith('/') || path.startsWith('//')) return 'needs a path that begins with one /, not a URL';
  if (/[?#]/.test(path)) return 'has a query; move it to params';
  const decoded = segments(path).map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return '..';
    }
  });
  if (decoded.some((segment) => segment === '.' || segment === '..' || /[\\/\s]/.test(segment))) {
    return 'has a segment that is not valid (a dot, a slash, or a space)';
  }
  return undefined;
}

const decodeAll = (params: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]));

function byRoute(method: Method, path: string): Found {
  const reason = whyNotCallable(path);
  if (reason !== undefined) return failed(reason);
  const newer = path.replace(/^\/v3beta1\//, '/v3/');
  // A path without parameters is meant before one that could take its last part for an id.
  const fixedFirst = [...catalogue].sort((a, b) => a.path.split('{').length - b.path.split('{').length);
  for (const candidate of [path, newer]) {
    for (const endpoint of fixedFirst) {
      const params = endpoint.method === method ? matchPath(endpoint.path, candidate) : undefined;
      if (params === undefined) continue;
      const version = candidate === path ? {} : { version: 'v3beta1' as const };
      return { ok: true, target: { endpoint, params: decodeAll(params), ...version } };
    }
  }
  const unlisted = unlistedEndpoint(method, path);
  if (unlisted !== undefined) return { ok: true, target: { endpoint: unlisted, params: {} } };
  const others = catalogue
    .filter((endpoint) => matchPath(endpoint.path, path) !== undefined)
    .map((endpoint) => endpoint.method);
  if (others.length > 0) return failed(`has no ${method}; this path accepts ${others.join(', ')}`);
  return failed(
    `is not a path of the API${didYouMean(path, [...new Set(catalogue.map((endpoint) => endpoint.path))])}`,
  );
}

/** Finds what the input `endpoint` names: an operation id, or a method and a path. */
export function findTarget(text: string): Found {
  const [, method, path] = /^([A-Za-z]+)\s+(\S.*)$/.exec(text.trim()) ?? [];
  if (method !== undefined && path !== undefined) {
    const upper = method.toUpperCase();
    return isMethod(upper)
      ? byRoute(upper, path.trim())
      : failed(`begins with ${method}; expected one of ${METHODS.join(', ')}`);
  }
  const asked = text.trim().toLowerCase();
  const endpoint = catalogue.find(({ id }) => id.toLowerCase() === asked);
  if (endpoint !== undefined) return { ok: true, target: { endpoint, params: {} } };
  if (text.trim().startsWith('/')) return failed(`has no method; write for example GET ${text.trim()}`);
  const ids = catalogue.map(({ id }) => id);
  return failed(`is not an operation of the API${didYouMean(asked, ids)}`);
}

const withoutVersion = (path: string) => path.replace(/^\/(?:beta\/)?v\d(?:beta\d)?/, '').replace(/\{\w+\}/g, '{}');

/** The operation of another version that does the same, as far as its path tells. */
export const counterpartOf = ({ id, method, path }: Endpoint): Endpoint | undefined =>
  catalogue.find(
    (other) => other.id !== id && other.method === method && withoutVersion(other.path) === withoutVersion(path),
  );
