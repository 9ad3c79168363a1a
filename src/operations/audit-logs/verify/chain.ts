import { shortHash } from '../../../report/units.ts';
import type { ExportManifest } from '../chain/export-manifest.ts';
import type { Findings } from './findings.ts';

/** A manifest as it was found. */
export interface FoundManifest {
  /** From `output_dir`. */
  readonly path: string;
  /** Of its bytes. */
  readonly sha256: string;
  readonly manifest: ExportManifest;
}

/** Manifests that follow each other, oldest first. */
export type Chain = readonly FoundManifest[];

const sinceOf = ({ manifest }: FoundManifest) => Date.parse(manifest.window.since);
const untilOf = ({ manifest }: FoundManifest) => Date.parse(manifest.window.until);

/** What distinguishes exports that may share a folder: whose events they contain, and in which format. */
export const streamOf = ({ scope, format }: ExportManifest): string =>
  JSON.stringify([scope.api, scope.version, scope.org_id, scope.actions, format]);

const byTime = (a: FoundManifest, b: FoundManifest) =>
  sinceOf(a) - sinceOf(b) ||
  untilOf(a) - untilOf(b) ||
  a.manifest.sequence - b.manifest.sequence ||
  (a.path < b.path ? -1 : 1);

/** Reports where two windows, the first of which begins first, do not join. Without a link, a gap may be intended. */
function compareWindows(findings: Findings, before: FoundManifest, after: FoundManifest, mayLeaveGap = false): void {
  const { until } = before.manifest.window;
  const { since } = after.manifest.window;
  const [end, start] = [untilOf(before), sinceOf(after)];
  if (start > end) {
    const what = `comes after ${before.path}, but nothing covers ${until} to ${since}: a gap`;
    if (mayLeaveGap) findings.note(after.path, what);
    else findings.add(after.path, what);
  }
  if (start < end) {
    const what = `comes after ${before.path}, but their windows overlap or are in another order`;
    findings.add(after.path, `${what}: it begins ${since}, the other ends ${until}`);
  }
}

/** Leaves out copies of manifests, and reports them. */
function eachOnce(all: readonly FoundManifest[], findings: Findings): readonly FoundManifest[] {
  const byHash = new Map<string, FoundManifest>();
  for (const one of all) {
    const same = byHash.get(one.sha256);
    if (same === undefined) byHash.set(one.sha256, one);
    else findings.add(one.path, `is the same manifest as ${same.path}`);
  }
  return [...byHash.values()];
}

/** Follows the manifests from each beginning. If several follow the same one, each continues by itself. */
function follow(all: readonly FoundManifest[], findings: Findings): readonly Chain[] {
  const known = new Set(all.map(({ sha256 }) => sha256));
  const next = new Map<string, FoundManifest[]>();
  const roots: FoundManifest[] = [];
  for (const one of all) {
    const previous = one.manifest.previous?.sha256;
    if (previous === undefined || !known.has(previous)) roots.push(one);
    if (previous !== undefined) next.set(previous, [...(next.get(previous) ?? []), one]);
  }
  for (const [previous, [first, ...others]] of next) {
    for (const other of others) {
      findings.add(other.path, `follows ${shortHash(previous)}, as ${first?.path} does: the chain forks`);
    }
  }
  const chains: Chain[] = [];
  const starts = [...roots];
  for (let start = starts.shift(); start !== undefined; start = starts.shift()) {
    const chain = [start];
    for (let followers = next.get(start.sha256); followers !== undefined; ) {
      const [first, ...others] = followers;
      starts.push(...others);
      if (first === undefined) break;
      chain.push(first);
      followers = next.get(first.sha256);
    }
    chains.push(chain);
  }
  return chains;
}

function checkLinks(chain: Chain, findings: Findings): void {
  for (const [at, one] of chain.entries()) {
    const before = chain[at - 1];
    if (before === undefined) continue;
    const { scope } = before.manifest;
    if (JSON.stringify(one.manifest.scope) !== JSON.stringify(scope)) {
      findings.add(one.path, `follows ${before.path}, which is of another scope`);
    }
    if (one.manifest.sequence !== before.manifest.sequence + 1) {
      findings.add(
        one.path,
        `is number ${one.manifest.sequence} of its chain, but follows number ${before.manifest.sequence}`,
      );
    }
    compareWindows(findings, before, one);
  }
}

/** Sets of shards: each is what one matrix exported. A new set begins where the index does not increase. */
function setsOf(shards: readonly Chain[]): readonly (readonly FoundManifest[])[] {
  const groups = new Map<string, FoundManifest[]>();
  for (const [first] of shards) {
    if (first === undefined) continue;
    const { run, shard, format, compression, partition } = first.manifest;
    const key = JSON.stringify([streamOf(first.manifest), run.run_id, shard?.count, format, compression, partition]);
    groups.set(key, [...(groups.get(key) ?? []), first]);
  }
  return [...groups.values()].flatMap((group) => {
    const sets: FoundManifest[][] = [];
    let last = 0;
    for (const one of [...group].sort(byTime)) {
      const index = one.manifest.shard?.index ?? 0;
      if (index <= last || sets.length === 0) sets.push([]);
      sets.at(-1)?.push(one);
      last = index;
    }
    return sets;
  });
}

function checkShards(shards: readonly Chain[], findings: Findings): void {
  for (const set of setsOf(shards)) {
    const [first] = set;
    const count = first?.manifest.shard?.count ?? 0;
    const there = new Set(set.map(({ manifest }) => manifest.shard?.index));
    const missing = Array.from({ length: count }, (_, i) => i + 1).filter((index) => !there.has(index));
    if (first !== undefined && missing.length > 0) {
      const which =
        missing.length === 1 ? `shard ${missing[0]} of ${count}` : `shards ${missing.join(', ')} of ${count}`;
      findings.add(
        first.path,
        `is one of ${count} shards, but ${which} ${missing.length === 1 ? 'is' : 'are'} missing`,
      );
    }
  }
}

const isShard = ([root]: Chain) => root?.manifest.shard !== null && root?.manifest.previous === null;

/** A manifest without a link to others: one export without a checkpoint. */
const isLoose = (chain: Chain) => chain.length === 1 && chain[0]?.manifest.previous === null && !isShard(chain);

/** Reports several beginnings of one stream: what connected them was removed or changed, or a checkpoint was lost. */
function checkBeginnings(chains: readonly Chain[], findings: Findings): void {
  for (const [at, chain] of chains.entries()) {
    const [root] = chain;
    const earlier = chains.slice(0, at);
    if (root === undefined || earlier.length === 0) continue;
    const previous = root.manifest.previous?.sha256;
    if (previous !== undefined) {
      const lost = `follows the manifest ${shortHash(previous)}, which does not exist: the chain is broken`;
      findings.add(root.path, lost + suspectOf(root, earlier));
    } else if (!earlier.every(isLoose)) {
      findings.add(root.path, 'begins a second chain: nothing connects it with the manifests before');
    }
  }
}

/** The manifest that was probably changed, so that its hash differs. */
function suspectOf(root: FoundManifest, earlier: readonly Chain[]): string {
  const suspect = earlier.map((chain) => chain.at(-1)).find((tail) => tail && untilOf(tail) === sinceOf(root));
  if (suspect === undefined) return '';
  const hash = shortHash(suspect.sha256);
  return `; ${suspect.path} ends where it begins, but its sha256 is ${hash}: one of the two was changed`;
}

/** Reports where the windows of one stream, chains and shards together, do not join. */
function checkCoverage(chains: readonly Chain[], findings: Findings): void {
  for (const [at, chain] of chains.entries()) {
    const before = chains[at - 1];
    const [root, tail] = [chain[0], before?.at(-1)];
    if (before === undefined || root === undefined || tail === undefined) continue;
    const [index, last] = [root.manifest.shard?.index ?? 0, tail.manifest.shard?.index ?? 0];
    const isNextSet = isShard(chain) && isShard(before) && index <= last;
    const isUnlinked = root.manifest.previous === null && (isLoose(chain) || isLoose(before));
    compareWindows(findings, tail, root, isUnlinked || isNextSet);
  }
}

/** Finds the chains among manifests, and reports everything that is wrong with their links. */
export function findChains(manifests: readonly FoundManifest[], findings: Findings): readonly Chain[] {
  const chains = follow(eachOnce([...manifests].sort(byTime), findings), findings);
  for (const chain of chains) checkLinks(chain, findings);
  const known = new Set(manifests.map(({ sha256 }) => sha256));
  const streams = new Map<string, Chain[]>();
  for (const chain of chains) {
    const [root] = chain;
    const previous = root?.manifest.previous?.sha256;
    // A branch of a fork was reported as such.
    if (root === undefined || (previous !== undefined && known.has(previous))) continue;
    const stream = streamOf(root.manifest);
    streams.set(stream, [...(streams.get(stream) ?? []), chain]);
  }
  for (const stream of streams.values()) {
    checkShards(stream.filter(isShard), findings);
    checkBeginnings(
      stream.filter((chain) => !isShard(chain)),
      findings,
    );
    checkCoverage(stream, findings);
  }
  return chains;
}

/** Reports what one manifest says that cannot be true. */
export function checkManifest({ path, manifest }: FoundManifest, findings: Findings): void {
  const { window, files, events, oldest, newest, shard, sequence, previous } = manifest;
  if ((sequence === 0) !== (previous === null)) {
    findings.add(
      path,
      `is number ${sequence} of its chain, but ${previous === null ? 'follows none' : 'follows another'}`,
    );
  }
  const sum = files.reduce((total, file) => total + file.events, 0);
  if (sum !== events) findings.add(path, `counts ${events} events, but its files have ${sum}`);
  const first = files.map((file) => file.oldest).sort()[0] ?? null;
  const last =
    files
      .map((file) => file.newest)
      .sort()
      .at(-1) ?? null;
  if (first !== oldest || last !== newest) findings.add(path, 'has another oldest or newest time than its files');
  if (
    Date.parse(window.since) > Date.parse(window.until) ||
    Date.parse(window.reread_from) > Date.parse(window.since)
  ) {
    findings.add(path, 'has a window that ends before it begins');
  }
  if (shard !== null && (shard.index < 1 || shard.index > shard.count)) {
    findings.add(path, `is shard ${shard.index} of ${shard.count}, which is impossible`);
  }
}
