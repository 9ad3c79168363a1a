import { resolve } from 'node:path';
import { ActionError } from '../../contract/errors.ts';
import { operation, ready } from '../operation.ts';
import type { CheckedExport } from './verify/report.ts';

/** Findings that the error lists; the summary and the result have more of them. */
const MAX_LISTED = 20;
const MAX_CHECKPOINT_BYTES = 256 * 1024 * 1024;

/** Checks an export against its manifests, without a request. */
export const verifyAuditExportOperation = operation({
  name: 'verify-audit-export',
  summary:
    'Checks the files of an audit-log export against their manifests, and the chain of manifests. Needs no credential.',
  inputs: ['output_dir', 'checkpoint_file', 'expected_hash'],
  required: [],
  outputs: ['events', 'files', 'manifest_file', 'oldest', 'newest'],
  permissions: [],
  versions: [],
  async prepare({ output_dir: folder, checkpoint_file: checkpoint }, { workspace, problem }) {
    if (folder !== undefined) {
      const reason = await workspace.whyNoFolder(folder);
      const missing = (await workspace.exists(folder)) ? undefined : 'does not exist';
      const why = reason ?? missing;
      if (why !== undefined) problem('output_dir', `names ${JSON.stringify(folder)}, which ${why}`);
    }
    if (checkpoint === undefined) return ready(undefined);
    const read = await workspace.readText(checkpoint, MAX_CHECKPOINT_BYTES);
    if (read.ok) return ready({ path: checkpoint, text: read.text });
    problem('checkpoint_file', `names ${JSON.stringify(checkpoint)}, which ${read.problem}`);
    return ready(undefined);
  },
  async run({ inputs, workspace, signal, log }, checkpoint) {
    const { verifyExport } = await import('./verify/export.ts');
    const { checkAnchor, checkExpected } = await import('./verify/anchor.ts');
    const { chainData, corruptMessage, verifyLines, verifySummary } = await import('./verify/report.ts');
    const folder = inputs.output_dir;
    const verified = await verifyExport(resolve(workspace.root, folder), signal);
    const { manifests, chains, files, events, bytes, findings } = verified;
    if (checkpoint !== undefined) checkAnchor(checkpoint.path, checkpoint.text, verified, findings);
    if (inputs.expected_hash !== undefined) checkExpected(inputs.expected_hash, verified, findings);
    const oldest = files.map((file) => file.oldest).sort()[0];
    const newest = files
      .map((file) => file.newest)
      .sort()
      .at(-1);
    const checked: CheckedExport = { folder, manifests, chains, files: files.length, bytes, events, oldest, newest };
    for (const line of verifyLines(checked, findings)) log.info(line);
    const list = files.map(({ path, sha256, bytes: size, events: held, oldest: from, newest: to }) => ({
      path: `${folder.replace(/\/+$/, '')}/${path}`,
      sha256,
      bytes: size,
      events: held,
      oldest: from,
      newest: to,
    }));
    const last = chains.at(-1)?.at(-1);
    const error =
      findings.count === 0
        ? undefined
        : new ActionError('export_corrupt', corruptMessage(checked, findings), { list: findings.lines(MAX_LISTED) });
    return {
      outcome: error === undefined ? 'success' : 'failure',
      ...(error === undefined ? {} : { error }),
      data: {
        events,
        bytes,
        files: list,
        manifest_file: last === undefined ? null : `${folder.replace(/\/+$/, '')}/${last.path}`,
        oldest: oldest ?? null,
        newest: newest ?? null,
        manifests: manifests.map(({ path, sha256 }) => ({ path, sha256 })),
        chains: chains.map(chainData),
        findings: findings.kept,
        findings_count: findings.count,
        notes: findings.notes,
      },
      summary: verifySummary(checked, findings, error),
    };
  },
});
