import { asActionError } from '../../../contract/errors.ts';
import { shortHash } from '../../../report/units.ts';
import { type Checkpoint, parseCheckpoint } from '../chain/checkpoint.ts';
import { isoTime } from '../events/time.ts';
import type { Chain, FoundManifest } from './chain.ts';
import type { Findings } from './findings.ts';

/** The chains of an export. */
export interface Chains {
  readonly manifests: readonly FoundManifest[];
  readonly chains: readonly Chain[];
}

/** The chain that ends with a hash; reports why there is none. `where` and `says` name what knows the hash. */
function chainEndingWith(
  hash: string,
  { manifests, chains }: Chains,
  findings: Findings,
  [where, says]: readonly [where: string, says: string],
): Chain | undefined {
  const ended = chains.find((chain) => chain.at(-1)?.sha256 === hash);
  if (ended !== undefined) return ended;
  if (!manifests.some(({ sha256 }) => sha256 === hash)) {
    const what = `${says} ${shortHash(hash)}, which is not in this folder: the end of the chain was changed or removed`;
    findings.add(where, what);
    return undefined;
  }
  const tail = chains.find((chain) => chain.some(({ sha256 }) => sha256 === hash))?.at(-1);
  findings.add(where, `${says} ${shortHash(hash)}, but ${tail?.path ?? 'another manifest'} follows it`);
  return undefined;
}

/** Reports where the ends of a chain are not what a checkpoint says. */
function compareEnds(where: string, checkpoint: Checkpoint, chain: Chain, findings: Findings): void {
  const [root, tail] = [chain[0], chain.at(-1)];
  if (root === undefined || tail === undefined) return;
  const { since, high_water: mark, sequence, scope } = checkpoint;
  if (root.manifest.previous !== null || root.manifest.window.since !== isoTime(since)) {
    const what = `says that the chain begins at ${isoTime(since)}, but the first manifest that exists begins at`;
    findings.add(where, `${what} ${root.manifest.window.since}: the beginning of the chain is missing`);
  }
  if (tail.manifest.window.until !== isoTime(mark)) {
    const what = `says that everything before ${isoTime(mark)} is exported, but the last manifest ends at`;
    findings.add(where, `${what} ${tail.manifest.window.until}: the mark was moved`);
  }
  if (tail.manifest.sequence !== sequence) {
    const what = `says that the last manifest is number ${sequence} of its chain, but it is number`;
    findings.add(where, `${what} ${tail.manifest.sequence}`);
  }
  if (JSON.stringify(tail.manifest.scope) !== JSON.stringify(scope)) {
    findings.add(where, 'has another scope than the last manifest');
  }
}

/** Checks that a chain begins and ends where its checkpoint says, and that the checkpoint itself was not changed. */
export function checkAnchor(path: string, text: string, chains: Chains, findings: Findings): void {
  let checkpoint: Checkpoint;
  try {
    checkpoint = parseCheckpoint(path, text);
  } catch (thrown) {
    findings.add(path, `cannot be compared. ${asActionError(thrown).message}`);
    return;
  }
  const { sha256 } = checkpoint.last_manifest;
  const chain = chainEndingWith(sha256, chains, findings, [path, 'knows the last manifest as']);
  if (chain !== undefined) compareEnds(path, checkpoint, chain, findings);
}

/** Checks that the newest manifest has the hash that the user expects. */
export function checkExpected(hash: string, chains: Chains, findings: Findings): void {
  chainEndingWith(hash, chains, findings, ['expected_hash', 'is']);
}
