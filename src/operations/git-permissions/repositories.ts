import { ActionError, asActionError, type ErrorCode } from '../../contract/errors.ts';
import { type Fallible, failed } from '../../contract/fallible.ts';
import { didYouMeanQuoted } from '../../contract/kinds.ts';
import type { Kind } from '../../reconcile/kind.ts';
import type { Finding } from '../plan/positions.ts';
import { pathTest } from '../wildcards.ts';
import type { Entry } from './entries.ts';
import type { Connection, Desired, Observed } from './permission.ts';
import type { ComparedScope, ProtectionRule } from './resolve.ts';
import type { RepositoryLists } from './source.ts';

/** Maximum number of findings for which the nearest name is found; for more it would take long. */
const MAX_HINTS = 20;

/** Errors that say something about the step, not about one connection. */
const DECISIVE: readonly ErrorCode[] = ['cancelled', 'timeout', 'credential_invalid'];

/** What was found while entries were compared with the repositories of their connections. */
export interface RepositoryCheck {
  readonly faults: readonly Finding[];
  /** One sentence for each connection whose repositories cannot be listed. */
  readonly unchecked: readonly string[];
}

/** An entry that has to match a repository of its connection. */
interface Asked {
  readonly entry: Pick<Entry, 'path' | 'position'> & { readonly subject: string };
  readonly connection: Connection;
}

/** Entries for repositories that would be added, and protected ones that protect nothing. */
function askedOf(
  scopes: readonly ComparedScope[],
  rules: readonly ProtectionRule[],
  kind: Kind<Desired, Observed>,
): Asked[] {
  const added = scopes.flatMap(({ desired, observed }) => {
    const existing = new Set(observed.map(kind.observedKey));
    return desired.flatMap((one) => {
      const isNamed = one.subject === 'repo' && one.pattern === undefined;
      return isNamed && !existing.has(kind.desiredKey(one)) ? [{ entry: one, connection: one.connection }] : [];
    });
  });
  const idle = rules.filter(
    ({ entry, covers }) =>
      (entry.subject === 'repo' || entry.subject === 'repos') &&
      !scopes.some(({ observed }) => observed.some((one) => covers(one))),
  );
  return [...added, ...idle];
}

const charactersOf = (path: string): string => {
  const others = [...new Set(path.match(/[^\x21-\x7e]/gu) ?? [])].slice(0, 5);
  const names = others.map((one) => `U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`);
  return names.length === 0 ? '' : `; it contains ${names.join(', ')}`;
};

/** A test for the paths of one connection, and a hint at the nearest of them. */
function repositoriesOf(paths: readonly string[]) {
  const known = new Set(paths.map((path) => path.toLowerCase()));
  return {
    has: ({ subject, path }: Asked['entry']) =>
      subject === 'repos' ? paths.some(pathTest(path)) : known.has(path.toLowerCase()),
    hint: ({ path }: Asked['entry']) => didYouMeanQuoted(path.normalize('NFC'), paths),
  };
}

function faultOf({ entry, connection }: Asked, hint: string): Finding {
  const quoted = JSON.stringify(entry.path.slice(0, 100));
  if (entry.subject === 'repos') {
    return { ...entry.position, message: `repos ${quoted} matches no repository of ${connection.name}` };
  }
  const message = `repo ${quoted} is not a repository of ${connection.name}${hint}${charactersOf(entry.path)}`;
  return { ...entry.position, message };
}

/** Lists a connection; the sentence says why that is not possible. */
async function listed(
  connection: Connection,
  list: Promise<readonly string[]>,
  count: number,
): Promise<Fallible<{ readonly paths: readonly string[] }>> {
  const entries = `${count} new ${count === 1 ? 'entry was' : 'entries were'} not checked`;
  try {
    const paths = await list;
    if (paths.length > 0) return { ok: true, paths };
    return failed(`${connection.name} lists no repositories, so ${entries}.`);
  } catch (thrown) {
    const { code } = asActionError(thrown);
    if (thrown instanceof ActionError && !DECISIVE.includes(code)) {
      return failed(`The repositories of ${connection.name} cannot be listed (${code}), so ${entries}.`);
    }
    throw thrown;
  }
}

/**
 * Finds entries for repositories that their connection does not have: a typo, or a look-alike character, would open
 * nothing now and something else later. Entries that exist in Devin already are not checked.
 */
export async function checkRepositories(
  scopes: readonly ComparedScope[],
  rules: readonly ProtectionRule[],
  kind: Kind<Desired, Observed>,
  lists: RepositoryLists,
): Promise<RepositoryCheck> {
  const byConnection = Map.groupBy(askedOf(scopes, rules, kind), ({ connection }) => connection.id);
  const [faults, unchecked]: [Finding[], string[]] = [[], []];
  for (const asked of byConnection.values()) {
    const [first] = asked;
    const list = first === undefined ? undefined : lists(first.connection);
    if (first === undefined || list === undefined) continue;
    const found = await listed(first.connection, list, asked.length);
    if (!found.ok) {
      unchecked.push(found.problem);
      continue;
    }
    const { has, hint } = repositoriesOf(found.paths);
    for (const one of asked) {
      if (!has(one.entry)) faults.push(faultOf(one, faults.length < MAX_HINTS ? hint(one.entry) : ''));
    }
  }
  return { faults, unchecked };
}
