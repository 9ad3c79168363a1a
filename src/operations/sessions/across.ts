import { ActionError, asActionError, ERROR_CODES, endsStep } from '../../contract/errors.ts';
import type { Organizations } from '../../contract/kinds.ts';
import { pool } from '../../contract/pool.ts';
import { code, link, nameOrId, plain, table } from '../../report/markdown.ts';
import { acus, acusCell, acusTotal, count } from '../../report/units.ts';
import { errorPart } from '../failure.ts';
import { NO_CHECK } from '../head-check.ts';
import type { Report } from '../operation.ts';
import { NO_COMMENT } from '../thread-comment.ts';
import { visibleOrganizations } from '../visible-organizations.ts';
import { emptyEntry, entryOf, type SessionEntry } from './entries.ts';
import { carrySession, type Done, forRepositories, promptLine, type RunContext, type RunRequest } from './one.ts';
import { NO_SESSION, type SESSION_OUTPUTS, sessionData } from './outcome/outputs.ts';
import { pullRequestName } from './outcome/summary.ts';
import { promptFacts } from './request/request.ts';

type AcrossOutput = (typeof SESSION_OUTPUTS)[number] | 'created' | 'reused' | 'attachments' | 'sessions' | 'count';

interface Organization {
  readonly id: string;
  /** Its name, or its id where only that is known. */
  readonly name: string;
}

/** What became of one organization. */
interface Row {
  readonly org: Organization;
  readonly done: Done | undefined;
  readonly error: ActionError | undefined;
}

async function organizationsOf(context: RunContext, given: Organizations): Promise<readonly Organization[]> {
  if (given !== '*') return given.map((id) => ({ id, name: id }));
  const { organizations } = await visibleOrganizations(context.devin);
  if (organizations.length === 0) throw new ActionError('not_found', 'The credential cannot see any organization.');
  return organizations.map(({ org_id: id, name }) => ({ id, name }));
}

async function attempt(context: RunContext, org: Organization, work: () => Promise<Done>): Promise<Row> {
  try {
    const done = await work();
    return { org, done, error: done.story.error };
  } catch (thrown) {
    const error = asActionError(thrown);
    context.log.progress(`${error.code === 'gate_closed' ? 'skipped' : 'failed'}: ${error.message}`);
    return { org, done: undefined, error };
  }
}

const entryFor = ({ org, done, error }: Row): SessionEntry =>
  done === undefined
    ? emptyEntry(org.id, error ?? new ActionError('internal', 'Neither a session nor an error exists.'))
    : entryOf(
        org.id,
        { ...done.story.session, structured_output: done.story.output ?? null },
        done.story.verdict.outcome,
        done.started,
        error,
      );

const called = ({ id, name }: Organization) => (name === id ? id : `${name} (${id})`);

/** One error for all that failed. A cancelled workflow and the end of the time come before what they caused. */
function errorOf(rows: readonly Row[], keyed: boolean): ActionError | undefined {
  // A closed gate, such as a limit that is reached, is no failure.
  const failed = rows.flatMap(({ org, error }) =>
    error === undefined || error.code === 'gate_closed' ? [] : [{ org, error }],
  );
  const [first] = failed;
  if (first === undefined) return undefined;
  const decisive = failed.find(({ error }) => endsStep(error)) ?? first;
  const rerun = keyed
    ? 'A re-run uses the results that exist, and starts new sessions only for those that failed or are missing.'
    : 'With `idempotency: none` a re-run creates a session in every organization again.';
  const { code: decided, fix } = decisive.error;
  // The steps after a timeout name one session.
  const advice = decided === 'timeout' && failed.length > 1 ? ERROR_CODES.timeout.fix : fix;
  return new ActionError(decided, `${failed.length} of ${count(rows.length, 'organization')} failed.`, {
    list: failed.map(({ org, error }) => `${called(org)}: ${error.code}: ${error.message}`),
    fix: `${advice} ${rerun}`,
    cause: decisive.error,
  });
}

function summaryRow({ org, done, error }: Row): string[] {
  const story = done?.story;
  const session = story?.session;
  const skipped = error?.code === 'gate_closed';
  const state = story === undefined ? (skipped ? 'skipped' : 'no session') : story.verdict.outcome.replaceAll('_', ' ');
  const requests = (session?.pull_requests ?? []).map(({ pr_url: url }) => link(pullRequestName(url), url));
  return [
    nameOrId(org.name),
    session === undefined ? plain(state) : link(state, session.url),
    // The message may be the same in every row, and so it is said once, below them.
    error === undefined ? '' : skipped ? plain(error.message) : code(error.code),
    requests.join(', '),
    session === undefined ? '' : acusCell(session.acus_consumed),
  ];
}

/** Failures first: they are what a person acts on. */
const failuresFirst = (rows: readonly Row[]) => [
  ...rows.filter(({ error }) => error !== undefined),
  ...rows.filter(({ error }) => error === undefined),
];

const tally = (rows: readonly Row[], goal: string) => {
  const good = rows.filter(({ error }) => error === undefined).length;
  const skipped = rows.filter(({ error }) => error?.code === 'gate_closed').length;
  const done = `${good} of ${count(rows.length, 'session')} ${goal === 'finished' ? 'finished' : 'started'}`;
  return skipped === 0 ? done : `${done}, ${skipped} skipped`;
};

/** The messages of failures, each once: for one organization by its name, for several with their number. */
function causesOf(rows: readonly Row[]): string[] {
  const failed = rows.flatMap(({ org, error }) =>
    error === undefined || error.code === 'gate_closed'
      ? []
      : [{ org, message: error.message.replaceAll(org.id, '{org_id}') }],
  );
  return [...Map.groupBy(failed, ({ message }) => message)].map(([message, [first, ...others]]) =>
    others.length === 0 ? `${first?.org.name}: ${message}` : `${count(others.length + 1, 'organization')}: ${message}`,
  );
}

function summaryOf(rows: readonly Row[], goal: string, error: ActionError | undefined): string {
  const used = acusTotal(rows.flatMap(({ done }) => (done === undefined ? [] : [done.story.session.acus_consumed])));
  const opened = rows.reduce((sum, { done }) => sum + (done?.story.session.pull_requests.length ?? 0), 0);
  const head = ['Organization', 'Session', 'Why', 'Pull requests', 'ACUs'];
  const figures = [acus(used), ...(opened === 0 ? [] : [count(opened, 'pull request')])];
  return [
    `### ${error === undefined ? '✅' : '❌'} ${[tally(rows, goal), ...figures].join(' · ')}`,
    table(head, failuresFirst(rows).map(summaryRow)),
    error === undefined
      ? ''
      : errorPart(new ActionError(error.code, error.message, { list: causesOf(rows), fix: error.fix })),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function reportOf(rows: readonly Row[], context: RunContext): Report<AcrossOutput> {
  const { wait, idempotency } = context.inputs;
  const error = errorOf(rows, idempotency.toLowerCase() !== 'none');
  const sessions = rows.map(entryFor);
  const first = rows.find(({ done }) => done !== undefined)?.done;
  const asked = context.inputs.download_attachments !== undefined;
  const files = rows.flatMap(({ done }) => done?.downloaded ?? []);
  context.log.info(tally(rows, wait));
  return {
    outcome: error === undefined ? 'success' : 'failure',
    ...(error === undefined ? {} : { error }),
    data: {
      ...(first === undefined ? NO_SESSION : sessionData(first.story)),
      created: first?.started.created,
      reused: first?.started.reused,
      attachments: asked ? files : undefined,
      sessions,
      count: sessions.length,
    },
    summary: summaryOf(rows, wait, error),
  };
}

/** Starts one session in each of several organizations. One that fails does not stop the others. */
export async function createAcross(
  context: RunContext,
  given: Organizations,
  prepared: RunRequest,
): Promise<Report<AcrossOutput>> {
  const { inputs, log } = context;
  const organizations = await organizationsOf(context, given);
  log.info(`Devin sessions in ${count(organizations.length, 'organization')}${forRepositories(prepared)}`);
  if (organizations.length > 1) log.info(promptLine(await promptFacts(prepared.body.prompt, context.redact)));
  const width = Math.max(...organizations.map(({ name }) => name.length));
  const turn = pool(inputs.concurrency);
  const folder = inputs.download_attachments;
  const rows = await Promise.all(
    organizations.map((org) => {
      // Each organization has its own lines in the log, and its own folder: two may have files of the same name.
      const own: RunContext = {
        ...context,
        // Comment and check speak of all of them, once they have ended.
        comment: NO_COMMENT,
        check: NO_CHECK,
        log: organizations.length === 1 ? log : log.within(org.name.padEnd(width)),
        inputs: { ...inputs, ...(folder === undefined ? {} : { download_attachments: `${folder}/${org.id}` }) },
      };
      return attempt(own, org, () =>
        carrySession(own, org.id, prepared, { turn, organizations: organizations.length }),
      );
    }),
  );
  const [first] = rows;
  // In a dry run no organization gets a session, which is no failure.
  if (first?.error !== undefined && rows.every(({ error }) => error?.code === 'gate_closed')) throw first.error;
  return reportOf(rows, context);
}
