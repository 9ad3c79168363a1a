import { type Fallible, failed } from '../../contract/fallible.ts';
import { didYouMeanQuoted } from '../../contract/kinds.ts';
import type { Scope } from '../../reconcile/kind.ts';
import { shortened } from '../../report/shorten.ts';
import { type Finding, inOrder } from '../plan/positions.ts';
import { pathTest } from '../wildcards.ts';
import { type Entry, lineOf } from './entries.ts';
import type { Manifest, OrganizationPart } from './manifest.ts';
import { overlaps } from './overlaps.ts';
import { type Connection, type Desired, type Observed, sameSubject } from './permission.ts';
import type { Organization, PermissionSource, RepositoryLists } from './source.ts';

/** An organization with its desired entries; the existing ones are not known yet. */
export type WantedScope = Omit<Scope<Desired, Observed>, 'observed' | 'kind'>;

/** An organization with its desired and its existing entries. */
export type ComparedScope = Omit<Scope<Desired, Observed>, 'kind'>;

/** What the manifest means for the credential, or what it names that does not exist. */
export interface ResolvedManifest {
  readonly scopes: readonly WantedScope[];
  /** Entries that are never removed or restricted, with their connections. */
  readonly rules: readonly ProtectionRule[];
  readonly faults: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** An entry of `protected`. */
export interface ProtectionRule {
  readonly entry: Entry;
  readonly connection: Connection;
  /** Whether it protects an existing permission. */
  covers(observed: Observed): boolean;
}

/** How a manifest is read for one step. */
export interface ResolveOptions {
  /** Input `prune`: `false` turns it off everywhere, `true` turns it on unless the manifest says `false`. */
  readonly prune: boolean | undefined;
  /** Input `org_id`: only these; all of the manifest where undefined. */
  readonly only: readonly string[] | undefined;
  /** Lets signals and the time limit through, and throws when one ends the step: a manifest may mean hours of work. */
  readonly pause: () => Promise<void>;
}

/** Each is compared with everything that an organization has. */
const MAX_PROTECTED_PATTERNS = 100;

const quote = (text: string) => JSON.stringify(shortened(text, 100));

/** A thing by its ID, or by its name if only one has it. */
function byIdOrName<T extends { readonly id: string; readonly name: string }>(
  what: string,
  asked: string,
  known: readonly T[],
): Fallible<{ readonly found: T }> {
  const same = known.filter(({ id }) => id === asked);
  const matching = same.length > 0 ? same : known.filter(({ name }) => name === asked);
  const [only] = matching;
  if (only !== undefined && matching.length === 1) return { ok: true, found: only };
  if (only !== undefined) {
    const ids = matching.map(({ id }) => id).join(', ');
    return failed(`${matching.length} ${what}s are called ${quote(asked)}; name one by its ID: ${ids}`);
  }
  const [names, ids] = [known.map(({ name }) => name), known.map(({ id }) => id)];
  const hint = didYouMeanQuoted(asked, names) || didYouMeanQuoted(asked, ids);
  return failed(`there is no ${what} ${quote(asked)}${hint}`);
}

/** An organization, if the credential may not list them. */
const byId = (name: string): Fallible<{ readonly found: Organization }> =>
  name.startsWith('org-')
    ? { ok: true, found: { id: name, name } }
    : failed(
        `${quote(name)} cannot be looked up without the permission ManageOrganizations; name the organization by its ID`,
      );

interface OrganizationParts {
  readonly organization: Organization;
  readonly parts: readonly OrganizationPart[];
}

/** The organizations of the manifest, each once, even if it is listed by its ID and by its name. */
async function organizationsOf(
  manifest: Manifest,
  known: readonly Organization[] | undefined,
  faults: Finding[],
  pause: ResolveOptions['pause'],
): Promise<OrganizationParts[]> {
  const all = new Map<string, { organization: Organization; parts: OrganizationPart[] }>();
  for (const part of manifest.organizations) {
    const named = known === undefined ? byId(part.name) : byIdOrName('organization', part.name, known);
    if (!named.ok) {
      faults.push({ ...part.position, message: named.problem });
      await pause();
      continue;
    }
    const { found: organization } = named;
    const there = all.get(organization.id) ?? { organization, parts: [] };
    there.parts.push(part);
    all.set(organization.id, there);
  }
  return [...all.values()];
}

/** Finds the connections that entries name, each once. */
class Connections {
  readonly #known: readonly Connection[];
  readonly #found = new Map<string, Fallible<{ readonly found: Connection }>>();

  constructor(known: readonly Connection[]) {
    this.#known = known;
  }

  of({ connection: asked, position }: Entry, faults: Finding[]): Connection | undefined {
    const result = this.#found.get(asked) ?? byIdOrName('connection', asked, this.#known);
    this.#found.set(asked, result);
    if (result.ok) return result.found;
    faults.push({ ...position, message: result.problem });
    return undefined;
  }
}

interface Found {
  readonly faults: Finding[];
  readonly warnings: Finding[];
}

async function expanded(
  entry: Entry,
  connection: Connection,
  repositories: RepositoryLists,
  { faults, warnings }: Found,
  pause: ResolveOptions['pause'],
): Promise<Desired[]> {
  await pause();
  const list = repositories(connection);
  if (list === undefined) {
    faults.push({
      ...entry.position,
      message: '`repos` needs a list of repositories, which the legacy API v2 does not have',
    });
    return [];
  }
  const isMatch = pathTest(entry.path);
  const matching = (await list).filter(isMatch);
  const [left, idle] = [new Set(matching), [] as string[]];
  for (const pattern of matching.length === 0 ? [] : entry.except) {
    await pause();
    const excepted = matching.filter(pathTest(pattern));
    for (const path of excepted) left.delete(path);
    if (excepted.length === 0) idle.push(pattern);
  }
  const paths = matching.filter((path) => left.has(path));
  if (paths.length === 0) {
    const why = matching.length === 0 ? '' : ' that `except` does not exclude';
    faults.push({
      ...entry.position,
      message: `repos ${quote(entry.path)} matches no repository of ${connection.name}${why}`,
    });
  }
  for (const pattern of idle) {
    warnings.push({
      ...entry.position,
      message: `except ${quote(pattern)} matches nothing of repos ${quote(entry.path)}`,
    });
  }
  return paths.map((path) => ({
    subject: 'repo',
    path,
    connection,
    readOnly: entry.readOnly,
    position: entry.position,
    pattern: { text: entry.path, matches: paths.length },
  }));
}

const keyOf = ({ connection, subject, path }: Desired) => `${connection.key} ${subject} ${path.toLowerCase()}`;

/** Each entry once: a named one overrides those of patterns, and two patterns must agree. */
function unique(all: readonly Desired[], faults: Finding[]): Desired[] {
  const found = new Map<string, Desired>();
  const named = all.filter(({ pattern }) => pattern === undefined);
  for (const one of [...named, ...all.filter(({ pattern }) => pattern !== undefined)]) {
    const before = found.get(keyOf(one));
    if (before === undefined) {
      found.set(keyOf(one), one);
      continue;
    }
    const bothFromPatterns = before.pattern !== undefined && one.pattern !== undefined;
    if (one.pattern !== undefined && (!bothFromPatterns || before.readOnly === one.readOnly)) continue;
    const what = bothFromPatterns ? 'has another read_only at' : 'is repeated, first at';
    faults.push({
      ...one.position,
      message: `${one.subject} ${quote(one.path)} ${what} ${lineOf(before.position, one.position)}`,
    });
  }
  return [...found.values()];
}

const subjectKey = ({ subject, path }: Pick<Entry, 'subject' | 'path'>, connection: string) =>
  `${connection} ${subject} ${path.toLowerCase()}`;

function rulesOf(entries: readonly Entry[], connections: Connections, faults: Finding[]): ProtectionRule[] {
  const patterns = entries.filter(({ subject }) => subject === 'repos');
  const excess = patterns[MAX_PROTECTED_PATTERNS];
  if (excess !== undefined) {
    faults.push({ ...excess.position, message: `protected has more than ${MAX_PROTECTED_PATTERNS} patterns` });
  }
  return entries.flatMap((entry) => {
    const connection = connections.of(entry, faults);
    if (connection === undefined) return [];
    const isMatch = entry.subject === 'repos' ? pathTest(entry.path) : undefined;
    const covers = (observed: Observed) =>
      observed.connection.key === connection.key &&
      (isMatch === undefined ? sameSubject(entry, observed) : observed.subject === 'repo' && isMatch(observed.path));
    return [{ entry, connection, covers }];
  });
}

/** Which entries must stay: those that the manifest protects, and those that this release does not know. */
function protection(rules: readonly ProtectionRule[]) {
  const patterns = rules.filter(({ entry }) => entry.subject === 'repos').slice(0, MAX_PROTECTED_PATTERNS);
  const named = new Set(rules.map(({ entry, connection }) => subjectKey(entry, connection.key)));
  return (observed: Observed) => {
    const { subject, path, connection } = observed;
    if (subject === 'unknown' || named.has(subjectKey({ subject, path }, connection.key))) return true;
    return patterns.some(({ covers }) => covers(observed));
  };
}

function pruneOf(
  { organization, parts }: OrganizationParts,
  manifest: Manifest,
  given: boolean | undefined,
  faults: Finding[],
): boolean {
  const said = parts.filter(({ prune }) => prune !== undefined);
  const [first] = said;
  const other = said.find(({ prune }) => prune !== first?.prune);
  if (first !== undefined && other !== undefined) {
    const where = lineOf(first.position, other.position);
    faults.push({
      ...other.position,
      message: `prune of ${organization.name} is ${other.prune} here, but ${first.prune} at ${where}`,
    });
  }
  const own = first?.prune ?? manifest.prune;
  return given !== false && own !== false && (given === true || own === true);
}

/** Finds what a manifest means: organizations and connections by their IDs, patterns as the repositories that match. */
export async function resolveManifest(
  manifest: Manifest,
  source: PermissionSource,
  repositories: RepositoryLists,
  options: ResolveOptions,
): Promise<ResolvedManifest> {
  const [faults, warnings]: [Finding[], Finding[]] = [[], []];
  const all = await organizationsOf(manifest, await source.organizations(), faults, options.pause);
  const asked = options.only;
  const chosen = asked === undefined ? all : all.filter(({ organization }) => asked.includes(organization.id));
  const connections = new Connections(await source.connections(chosen.map(({ organization }) => organization.id)));
  const rules = rulesOf(manifest.protected, connections, faults);
  const isProtected = protection(rules);
  const scopes: WantedScope[] = [];
  for (const parts of chosen) {
    const { id, name } = parts.organization;
    const desired: Desired[] = [];
    for (const entry of parts.parts.flatMap(({ entries }) => entries)) {
      const connection = connections.of(entry, faults);
      if (connection === undefined) continue;
      const { subject, path, readOnly, position } = entry;
      if (subject === 'repos') {
        for (const one of await expanded(entry, connection, repositories, { faults, warnings }, options.pause))
          desired.push(one);
      } else desired.push({ subject, path, connection, readOnly, position });
    }
    const each = unique(desired, faults);
    for (const finding of overlaps(each.map((one) => ({ ...one, connection: one.connection.key })))) {
      warnings.push(finding);
    }
    scopes.push({ id, name, prune: pruneOf(parts, manifest, options.prune, faults), desired: each, isProtected });
  }
  return { scopes, rules, faults: inOrder(faults), warnings: inOrder(warnings) };
}
