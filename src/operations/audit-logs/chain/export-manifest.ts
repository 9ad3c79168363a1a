import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { type Fallible, failed } from '../../../contract/fallible.ts';
import type { RunFacts } from '../../../github/event/facts.ts';
import { FORMAT_NAMES } from '../formats/names.ts';
import type { ExportScope } from './scope.ts';

/** Largest manifest that is read, in bytes. */
export const MAX_EXPORT_MANIFEST_BYTES = 64 * 1024 * 1024;
/** Folder of the manifests, inside `output_dir`. */
export const MANIFEST_FOLDER = 'manifests';
/** How the name of each manifest ends. */
export const MANIFEST_SUFFIX = '.manifest.json';

const moment = () => z.iso.datetime({ precision: 0 });
const sha256 = () => z.string().check(z.regex(/^[0-9a-f]{64}$/));
const count = () => z.int().check(z.gte(0));

/** A file of an export. `sha256` and `bytes` describe the file as it is stored, the others the file without its compression. */
const ExportedFile = z.object({
  /** From `output_dir`, with `/`. */
  path: z.string(),
  sha256: sha256(),
  bytes: count(),
  plain_sha256: sha256(),
  plain_bytes: count(),
  events: count(),
  oldest: moment(),
  newest: moment(),
});

/**
 * What one run exported. Times are ISO 8601 in UTC, to the second. The window is from `since`, inclusive, to `until`,
 * exclusive; only if `has_more` is true, the files may contain a part of the second `until`. From `reread_from` to
 * `since` the run searched for late events.
 */
export const ExportManifest = z.object({
  schema_version: z.literal(1),
  kind: z.literal('devin-audit-manifest'),
  scope: z.object({
    /** Host of the API. */
    api: z.string(),
    version: z.enum(['v3', 'v3beta1', 'v2']),
    /** Null is the whole enterprise. */
    org_id: z.nullable(z.string()),
    /** Empty is every action. */
    actions: z.array(z.string()),
  }),
  format: z.enum(FORMAT_NAMES),
  compression: z.enum(['none', 'gzip', 'zstd']),
  partition: z.enum(['none', 'hour', 'day', 'org']),
  window: z.object({ since: moment(), until: moment(), reread_from: moment() }),
  shard: z.nullable(z.object({ index: z.int(), count: z.int() })),
  has_more: z.boolean(),
  events: count(),
  /** Events from before `since`, which did not exist when the run before read the range. */
  late_events: count(),
  duplicates_dropped: count(),
  oldest: z.nullable(moment()),
  newest: z.nullable(moment()),
  files: z.array(ExportedFile),
  /** Place in its chain, from 0. */
  sequence: count(),
  /** SHA-256 of the bytes of the manifest before; null where a chain begins. */
  previous: z.nullable(z.object({ sha256: sha256() })),
  run: z.object({
    repository: z.optional(z.string()),
    workflow: z.optional(z.string()),
    run_id: z.optional(z.string()),
    run_attempt: z.optional(z.int()),
    job: z.optional(z.string()),
    actor: z.optional(z.string()),
  }),
});

/** A checked manifest. */
export type ExportManifest = z.output<typeof ExportManifest>;
/** A file of an export. */
export type ExportedFile = z.output<typeof ExportedFile>;

/** Reads a manifest; a problem is a clause that follows its name. */
export function parseExportManifest(text: string): Fallible<{ readonly manifest: ExportManifest }> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failed('is not JSON');
  }
  const read = z.safeParse(ExportManifest, json);
  if (read.success) return { ok: true, manifest: read.data };
  const [issue] = read.error.issues;
  return failed(`is not a manifest: ${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'wrong'}`);
}

/** The text of a manifest's file. */
export const exportManifestText = (manifest: ExportManifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** SHA-256 of a text, in hex. */
export const sha256Of = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');

/** Name of a manifest inside `output_dir`; another attempt at the same window has the same name. */
export const manifestPath = (window: string, label: string): string =>
  `${MANIFEST_FOLDER}/devin-audit_${window}_${label}${MANIFEST_SUFFIX}`;

/** What a manifest says about the run that wrote it. */
export const runOf = ({ repository, workflow, runId, attempt, job, actor }: RunFacts): ExportManifest['run'] => ({
  ...(repository === undefined ? {} : { repository }),
  ...(workflow === undefined ? {} : { workflow }),
  ...(runId === undefined ? {} : { run_id: runId }),
  ...(attempt === undefined ? {} : { run_attempt: attempt }),
  ...(job === undefined ? {} : { job }),
  ...(actor === undefined ? {} : { actor }),
});

/** A scope as a manifest writes it. */
export const scopeOf = ({ api, version, orgId, actions }: ExportScope): ExportManifest['scope'] => ({
  api,
  version,
  org_id: orgId ?? null,
  actions: [...actions],
});
