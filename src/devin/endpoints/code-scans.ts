import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { sessionId, tolerant } from '../tolerant.ts';
import { cursorQuery, optionalText, page } from './shapes.ts';

/** A scan of a repository. */
export const CodeScan = lazy(() => tolerant({ scan_id: z.string(), status: optionalText() }, ['scan_id']));

/** Something that a scan found. */
export const CodeScanFinding = lazy(() =>
  tolerant({ finding_id: z.string(), severity: optionalText() }, ['finding_id']),
);

/** Starts a scan of a repository. */
export const createCodeScan = endpoint('createCodeScan', 'POST /v3/organizations/{org_id}/code-scans', {
  summary: 'Start a code scan',
  permission: [],
  body: lazy(() => z.strictObject({ repo_name: z.string(), scan_type: optionalText() })),
  answer: CodeScan,
  seen: 'field',
});

/** The scans of an organization, or of one of its repositories. */
export const listCodeScans = endpoint('listCodeScans', 'GET /v3/organizations/{org_id}/code-scans/scans', {
  summary: 'List code scans',
  permission: [],
  paging: 'cursor',
  query: lazy(() => z.strictObject({ ...cursorQuery, repo_name: optionalText() })),
  answer: page(CodeScan),
  seen: 'field',
});

/** What scans have found. */
export const listCodeScanFindings = endpoint(
  'listCodeScanFindings',
  'GET /v3/organizations/{org_id}/code-scans/findings',
  {
    summary: 'List the findings of code scans',
    permission: [],
    paging: 'cursor',
    query: lazy(() => z.strictObject({ ...cursorQuery, scan_id: optionalText(), severity: optionalText() })),
    answer: page(CodeScanFinding),
    seen: 'field',
  },
);

/** Starts a session that fixes a finding. */
export const remediateCodeScanFinding = endpoint(
  'remediateCodeScanFinding',
  'POST /v3/organizations/{org_id}/code-scans/{scan_id}/findings/{finding_id}/remediate',
  {
    summary: 'Start a session that fixes a finding',
    permission: [],
    answer: lazy(() => tolerant({ session_id: sessionId() }, ['session_id'])),
    seen: 'field',
  },
);
