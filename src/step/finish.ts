import { ActionError } from '../contract/errors.ts';
import { errorLink } from '../operations/failure.ts';
import type { Report } from '../operations/operation.ts';
import { publish } from '../runner/publish.ts';
import { docsUrl } from './failure.ts';
import { resultOf } from './result.ts';
import type { Step } from './step.ts';

/** The result of a step is published by then; a GitHub that hangs must not hold the job for its last comment. */
const LAST_COMMENT_MS = 30_000;

/** Shows the error of a step on the page of the run. */
function annotate({ log, world }: Step, { title, message, list, fix, code, cause }: ActionError): void {
  const lines = [message, ...list.map((entry) => `- ${entry}`), `${fix} More: ${errorLink(code, docsUrl(world.env))}`];
  log.annotate('error', title, lines.join('\n'));
  if (code === 'internal' && cause instanceof Error) log.group('Details for a report', [cause.stack ?? '']);
}

/** Tells the thread and the check how the step ended. A closed gate says so in the log and the summary alone. */
async function tell({ world, silence, comment, check }: Step, report: Report): Promise<void> {
  const late = new ActionError('timeout', `GitHub did not respond within ${LAST_COMMENT_MS / 1_000} s.`);
  world.clock.deadline(LAST_COMMENT_MS).addEventListener('abort', () => silence.abort(late));
  const { outcome, question, ended } = report;
  const say = async () => {
    if (outcome === 'skipped') return;
    const last = outcome === 'failure' ? 'attention' : ended;
    const reaction = last === undefined ? undefined : comment.ended(last);
    await comment.update(report.comment ?? report.summary, report.commentEnd);
    if (question !== undefined) await comment.ask(question);
    await reaction;
  };
  await Promise.all([say(), check.conclude(report)]);
}

/** Writes result, outputs and summary, and only then the error. True for a green step. */
export async function finish(step: Step, report: Report): Promise<boolean> {
  const { known, log, redactor, workspace, world, startedAt, journal } = step;
  const publication = {
    result: resultOf(known, report, { startedAt, endedAt: world.clock.now(), journal }),
    outputs: known.outputs,
    summary: report.summary,
    resultFile: known.resultFile,
  };
  const isPublished = await publish(publication, { env: world.env, log, redactor, workspace });
  if (report.skippedReason !== undefined) log.info(`Skipped: ${report.skippedReason}`);
  if (report.error !== undefined) annotate(step, report.error);
  await tell(step, report);
  return isPublished && report.outcome !== 'failure' && report.error === undefined;
}
