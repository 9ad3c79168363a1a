import type { Github } from '../client/client.ts';
import { place } from '../client/repository.ts';

/** The end of a job's log. */
export interface JobLog {
  /** Without the timestamps in front of its lines and without colours. */
  readonly text: string;
  /** Whether there was more before it. */
  readonly cut: boolean;
}

/** How much of the end of a log is kept, in bytes. */
export const LOG_BYTES = 256 * 1024;

// CSI sequences, with the colours among them, OSC sequences with what ends them, and the short ones.
const ANSI = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ?/gm;

/** A log as GitHub gives it, as text to read. */
export const readable = (log: string): string =>
  log
    .replace(/^\ufeff/, '')
    .replaceAll('\r\n', '\n')
    .replace(TIMESTAMP, '')
    .replace(ANSI, '');

/** The last bytes, from the beginning of a line if there is one, and whether they begin within one. */
function tail(bytes: Buffer): readonly [Buffer, boolean] {
  if (bytes.length <= LOG_BYTES) return [bytes, false];
  const end = bytes.subarray(bytes.length - LOG_BYTES);
  const line = end.indexOf('\n');
  return line === -1 ? [end, true] : [end.subarray(line + 1), false];
}

/** Reads the end of a job's log. https://docs.github.com/rest/actions/workflow-jobs#download-job-logs-for-a-workflow-run */
export async function jobLog(github: Github, repository: string, job: { id: number; name: string }): Promise<JobLog> {
  const { bytes, whole } = await github.download({
    route: 'GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs',
    parameters: { ...place(repository), job_id: job.id },
    summary: `Read the log of ${job.name}`,
    permissions: { actions: 'read' },
  });
  const [end, isWithinLine] = tail(bytes);
  // The mark tells that a secret may be cut there.
  const text = `${isWithinLine ? '…' : ''}${readable(end.toString('utf8'))}`;
  return { text, cut: !whole || end.length < bytes.length };
}
