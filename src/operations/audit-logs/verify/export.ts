import { isUtf8 } from 'node:buffer';
import { join } from 'node:path';
import { failed } from '../../../contract/fallible.ts';
import {
  type ExportedFile,
  MANIFEST_FOLDER,
  MANIFEST_SUFFIX,
  MAX_EXPORT_MANIFEST_BYTES,
  parseExportManifest,
  sha256Of,
} from '../chain/export-manifest.ts';
import { type Chain, checkManifest, type FoundManifest, findChains, streamOf } from './chain.ts';
import { verifyFile } from './file.ts';
import { Findings } from './findings.ts';
import { type Listing, linkOf, listFolder, openOrReport, whyNotInside } from './folder.ts';
import { SeenIds } from './ids.ts';

/** An export that is being verified. */
interface Verification {
  /** Folder of the export, absolute. */
  readonly root: string;
  readonly listing: Listing;
  readonly findings: Findings;
  readonly signal: AbortSignal;
}

/** What a verification found. */
export interface Verified {
  readonly manifests: readonly FoundManifest[];
  readonly chains: readonly Chain[];
  /** Files that existed and were checked. */
  readonly files: readonly ExportedFile[];
  readonly bytes: number;
  /** Number of events that were found. */
  readonly events: number;
  readonly findings: Findings;
}

/** How a checkpoint begins. It may be in the folder of its export. */
const CHECKPOINT_HEAD = '{"schema_version":1,"kind":"devin-audit-checkpoint"';

const isManifest = (path: string) => path.startsWith(`${MANIFEST_FOLDER}/`) && path.endsWith(MANIFEST_SUFFIX);

async function readManifests({ root, listing, findings, signal }: Verification): Promise<readonly FoundManifest[]> {
  const manifests: FoundManifest[] = [];
  for (const path of [...listing.files].filter(isManifest).sort()) {
    signal.throwIfAborted();
    const handle = await openOrReport(root, path, findings);
    if (handle === undefined) continue;
    try {
      const { size } = await handle.stat();
      if (size > MAX_EXPORT_MANIFEST_BYTES) {
        findings.add(path, `has ${size} bytes, which no manifest has`);
        continue;
      }
      const bytes = await handle.readFile();
      const read = isUtf8(bytes) ? parseExportManifest(bytes.toString('utf8')) : failed('is not UTF-8');
      if (read.ok) manifests.push({ path, sha256: sha256Of(bytes), manifest: read.manifest });
      else findings.add(path, read.problem);
    } finally {
      await handle.close();
    }
  }
  return manifests;
}

/** Whether a file exists and may be read; reports it if not. */
function isThere(
  { listing, findings }: Verification,
  { path: manifest }: FoundManifest,
  { path }: ExportedFile,
): boolean {
  const outside = whyNotInside(path);
  if (outside !== undefined) {
    findings.add(manifest, `names ${JSON.stringify(path)}, which ${outside}`);
    return false;
  }
  const link = linkOf(path, listing);
  if (link !== undefined) {
    findings.add(path, `is not a file of the export: ${link} is ${listing.others.get(link)}`);
    return false;
  }
  if (listing.files.has(path)) return true;
  findings.add(path, `is missing; ${manifest} names it`);
  return false;
}

/** Reports files that no manifest names. */
async function checkUnnamed({ root, listing, findings }: Verification, named: ReadonlySet<string>): Promise<void> {
  for (const path of [...listing.files].sort()) {
    if (isManifest(path) || named.has(path)) continue;
    const handle = await openOrReport(root, path, findings);
    if (handle === undefined) continue;
    try {
      const head = Buffer.alloc(CHECKPOINT_HEAD.length);
      await handle.read(head, 0, head.length, 0);
      if (head.toString('latin1') !== CHECKPOINT_HEAD) findings.add(path, 'exists, but no manifest names it');
    } finally {
      await handle.close();
    }
  }
  for (const [path, what] of listing.others) {
    if (!named.has(path)) findings.add(path, `is ${what}, which no export writes`);
  }
}

/** Checks every file of the manifests, and that no event is repeated. */
async function checkFiles(
  verification: Verification,
  manifests: readonly FoundManifest[],
): Promise<{ files: readonly ExportedFile[]; named: ReadonlySet<string>; bytes: number; events: number }> {
  const { root, findings, signal } = verification;
  const owners = new Map<string, string>();
  const ids = new Map<string, SeenIds>();
  const files: ExportedFile[] = [];
  let [bytes, events] = [0, 0];
  for (const found of manifests) {
    const { path: owner, manifest } = found;
    const stream = streamOf(manifest);
    const seen = ids.get(stream) ?? new SeenIds();
    ids.set(stream, seen);
    const before = findings.count;
    let late = 0;
    for (const file of manifest.files) {
      const other = owners.get(file.path);
      owners.set(file.path, owner);
      if (other !== undefined)
        findings.add(owner, `names ${file.path}, as ${other === owner ? 'it does before' : `${other} does`}`);
      if (other !== undefined || !isThere(verification, found, file)) continue;
      const number = files.push(file) - 1;
      const facts = await verifyFile({
        root,
        manifest,
        file,
        findings,
        signal,
        event({ id, text }, line) {
          events += 1;
          const first = seen.add(id, number, text);
          if (first === undefined) return;
          const where = first.file === number ? 'further up' : `in ${files[first.file]?.path}`;
          const position = `${file.path}:${line}`;
          if (first.isSame)
            findings.add(position, `repeats the event ${JSON.stringify(id)}, which is ${where} already`);
          else findings.note(position, `has the ID ${JSON.stringify(id)} of another event, which is ${where}`);
        },
      });
      late += facts.late;
      bytes += facts.bytes;
    }
    if (findings.count === before && late !== manifest.late_events) {
      findings.add(owner, `counts ${manifest.late_events} events that came late, but its files have ${late}`);
    }
  }
  return { files, named: new Set(owners.keys()), bytes, events };
}

/** Verifies the export in a folder. It follows no link, and sends nothing. In memory it has the IDs of all events, but no file. */
export async function verifyExport(root: string, signal: AbortSignal): Promise<Verified> {
  const findings = new Findings();
  const listing = await listFolder(root, signal);
  const verification = { root, listing, findings, signal };
  const manifests = await readManifests(verification);
  if (manifests.length === 0)
    findings.add(join(MANIFEST_FOLDER, `*${MANIFEST_SUFFIX}`), 'is missing: there is no manifest that can be read');
  for (const found of manifests) checkManifest(found, findings);
  const chains = findChains(manifests, findings);
  const checked = await checkFiles(verification, manifests);
  await checkUnnamed(verification, checked.named);
  return { manifests, chains, files: checked.files, bytes: checked.bytes, events: checked.events, findings };
}
