import * as scans from '../../../devin/endpoints/code-scans.ts';
import { pageOf } from '../../request/page.ts';
import { notFound } from '../../request/problem.ts';
import { habitsOf, shownId } from '../../views/session-view.ts';
import { recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { organizationOf, rowOf } from '../../world/rows.ts';
import { repositoryName } from '../../world/sessions.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { type Row, Table } from '../../world/table.ts';
import { startSession } from './session-create.ts';

interface Scan {
  readonly repo_name: string;
  readonly scan_type: string;
  /** Milliseconds, in the sandbox's time. */
  readonly started: number;
}

/** Seconds that a scan takes at the pace of the field. No report from the field has one. */
const TAKES = 120;

const FINDINGS = [
  { severity: 'high', title: 'A password is written into the code', path: 'src/config.ts', line: 12 },
  { severity: 'medium', title: 'A query is put together from text', path: 'src/search.ts', line: 48 },
  { severity: 'low', title: 'An error is swallowed', path: 'src/main.ts', line: 7 },
] as const;

const table = shelf(() => new Table<Scan>());

const isDone = ({ now, habits }: World, { started }: Scan) => now >= started + TAKES * 1000 * habits.pace;

function show(world: World, { id, value }: Row<Scan>) {
  const { repo_name, scan_type, started } = value;
  const status = isDone(world, value) ? 'completed' : 'running';
  return { scan_id: id, repo_name, scan_type, status, created_at: Math.floor(started / 1000) };
}

/** The findings of a scan, numbered over all scans. */
function findingsOf(world: World, row: Row<Scan>) {
  if (!isDone(world, row.value)) return [];
  return FINDINGS.map((finding, i) => ({
    n: row.n * FINDINGS.length + i,
    view: { finding_id: `finding-${row.n}-${i + 1}`, scan_id: row.id, repo_name: row.value.repo_name, ...finding },
  }));
}

/** Code scans. Each finds the same three things. */
export const codeScanHandlers: readonly Handler[] = [
  on(scans.createCodeScan, (call) => {
    const { world, body } = call;
    const { id: orgId } = organizationOf(call);
    const id = `scan-${world.seeded.hex('code-scan', table(world).next)}`;
    const scan = { repo_name: repositoryName(body.repo_name), scan_type: body.scan_type ?? 'full', started: world.now };
    recordChange(call, 'update_org_settings', orgId, { change: 'start_code_scan', scan_id: id });
    return show(world, table(world).add(id, orgId, scan));
  }),
  on(scans.listCodeScans, (call) => {
    const { world, query } = call;
    const { id: orgId } = organizationOf(call);
    const rows = table(world)
      .all()
      .filter((row) => row.orgId === orgId && (query.repo_name ?? row.value.repo_name) === row.value.repo_name);
    return pageOf(scans.listCodeScans.id, rows, query, (row) => show(world, row));
  }),
  on(scans.listCodeScanFindings, (call) => {
    const { world, query } = call;
    const { id: orgId } = organizationOf(call);
    const rows = table(world)
      .all()
      .filter((row) => row.orgId === orgId && (query.scan_id ?? row.id) === row.id)
      .flatMap((row) => findingsOf(world, row))
      .filter(({ view }) => (query.severity ?? view.severity) === view.severity);
    return pageOf(scans.listCodeScanFindings.id, rows, query, ({ view }) => view);
  }),
  on(scans.remediateCodeScanFinding, (call) => {
    const { world, param } = call;
    const { id: orgId } = organizationOf(call);
    const scan = rowOf(table(world), param('scan_id'), orgId, 'Code scan');
    const finding = findingsOf(world, scan).find(({ view }) => view.finding_id === param('finding_id'));
    if (!finding) throw notFound('Finding');
    const { title, path, line } = finding.view;
    const request = {
      prompt: `Fix a finding of a code scan: ${title} (${path}, line ${line}).`,
      repos: [scan.value.repo_name],
    };
    const row = startSession(call, orgId, request, { origin: 'code_scan' });
    return { session_id: shownId(habitsOf(world, row.value), row.id) };
  }),
];
