import { isLoopback } from '../contract/kinds.ts';

/** The environment of the process. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The proxies that the environment names; an empty text is none. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  /** Hosts that are reached directly, as `NO_PROXY` lists them. */
  readonly none: string;
}

const NAMES = { http: ['http_proxy', 'HTTP_PROXY'], https: ['https_proxy', 'HTTPS_PROXY'] } as const;

const firstSet = (env: Env, names: readonly string[]): string =>
  names.map((name) => env[name]?.trim() ?? '').find((value) => value !== '') ?? '';

/** A proxy without a scheme is meant as http, as by curl and by the runner. */
const withScheme = (value: string) => (value === '' || value.includes('://') ? value : `http://${value}`);

/** Reads the proxies. The spelling in lower case comes first, as everywhere else. */
export const proxiesOf = (env: Env): Proxies => ({
  http: withScheme(firstSet(env, NAMES.http)),
  https: withScheme(firstSet(env, NAMES.https)),
  none: firstSet(env, ['no_proxy', 'NO_PROXY']),
});

/** The proxy for an origin, before `NO_PROXY` is considered; undefined for none. Loopback never goes through one. */
export function proxyFor(origin: URL, { http, https }: Proxies): string | undefined {
  const proxy = origin.protocol === 'https:' ? https : http;
  return proxy === '' || isLoopback(origin) ? undefined : proxy;
}

/**
 * The variables that name a proxy by something that is not an address, each with a clause about it. The value itself may
 * contain a password and is not repeated.
 */
export function proxyProblems(env: Env): { readonly input: string; readonly message: string }[] {
  return Object.values(NAMES).flatMap((names) => {
    const name = names.find((each) => (env[each]?.trim() ?? '') !== '');
    if (name === undefined) return [];
    const url = URL.parse(withScheme(env[name]?.trim() ?? ''));
    if (url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '') return [];
    const message = 'is not the address of a proxy; expected http://host:port or http://user:password@host:port';
    return [{ input: name, message }];
  });
}

/** The password in the address of each proxy, as it is written and decoded; they are secrets. */
export function proxyPasswords(env: Env): readonly string[] {
  const { http, https } = proxiesOf(env);
  return [http, https].flatMap((proxy) => {
    const password = URL.parse(proxy)?.password ?? '';
    if (password === '') return [];
    try {
      return [password, decodeURIComponent(password)];
    } catch {
      return [password];
    }
  });
}
