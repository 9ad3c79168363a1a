import * as z from 'zod/mini';
import { ActionError } from '../../contract/errors.ts';
import { pool } from '../../contract/pool.ts';
import { shortened } from '../../report/shorten.ts';
import type { Github, RestCall } from '../client/client.ts';
import { type Permissions, permissionsYaml } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import { type JobLog, jobLog } from './job-log.ts';

/** What failed, as an event names it. */
export interface FailureSource {
  readonly kind: 'check_run' | 'check_suite' | 'workflow_run' | 'workflow_job';
  readonly id: number;
  /** Attempt of a workflow run; its latest where absent. */
  readonly attempt?: number | undefined;
  /** Slug of the app whose check it is, e.g. `github-actions`. */
  readonly app?: string | undefined;
}

/** A note of a check at a line of a file. All texts are as a program wrote them. */
interface FailureAnnotation {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  /** `failure`, `warning` or `notice`. */
  readonly level: string;
  readonly title: string;
  readonly message: string;
}

/** One failed job of a workflow, or one failed check of another app. All texts are raw. */
export interface FailedJob {
  readonly name: string;
  /** e.g. `failure`, `timed_out`, `cancelled`. */
  readonly conclusion: string;
  readonly url: string | undefined;
  /** Slug of the app that ran it. */
  readonly app: string;
  readonly steps: readonly { readonly number: number; readonly name: string; readonly conclusion: string }[];
  readonly annotations: readonly FailureAnnotation[];
  /** How many annotations there are beside these; at least, for a job with more than 100. */
  readonly moreAnnotations: number;
  /** Title, summary and text of a check that is no job. */
  readonly output: string | undefined;
  readonly log: JobLog | undefined;
}

/** Something that could not be read. */
export interface Unread {
  /** One sentence about it; it may hold the name of a job. */
  readonly finding: string;
  /** What the author of the workflow can do about it; empty where there is nothing. */
  readonly advice: string;
}

/** What is known about a failure. */
export interface FailureDetails {
  readonly jobs: readonly FailedJob[];
  /** How many failed beside these. */
  readonly moreJobs: number;
  /** What could not be read, one sentence each; names of jobs in them are raw too. */
  readonly problems: readonly Unread[];
}

const MAX_JOBS = 10;
const MAX_ANNOTATIONS = 50;
/** Longest message of an annotation that is kept, in characters; GitHub allows 64 KB. */
const MAX_MESSAGE = 4_000;
const CONCURRENCY = 4;
const ACTIONS = 'github-actions';
const FAILING = new Set(['failure', 'timed_out', 'cancelled', 'startup_failure', 'action_required']);

/** Whether a conclusion of a check, job or run needs attention. */
export const hasFailed = (conclusion: string | null | undefined): boolean => FAILING.has(conclusion ?? '');

const text = z.optional(z.nullable(z.string()));
const Job = z.object({
  id: z.int(),
  name: z.string(),
  conclusion: text,
  html_url: text,
  check_run_url: text,
  steps: z.optional(z.array(z.object({ name: z.string(), number: z.int(), conclusion: text }))),
});
const JobPage = z.object({ jobs: z.array(Job) });
const CheckRun = z.object({
  id: z.int(),
  name: z.string(),
  conclusion: text,
  html_url: text,
  app: z.optional(z.nullable(z.object({ slug: z.optional(z.string()) }))),
  output: z.optional(z.nullable(z.object({ title: text, summary: text, text }))),
});
const CheckRunPage = z.object({ check_runs: z.array(CheckRun) });
const AnnotationPage = z.array(
  z.object({
    path: z.string(),
    start_line: z.int(),
    end_line: z.int(),
    annotation_level: text,
    title: text,
    message: text,
  }),
);

type Job = z.output<typeof Job>;
type CheckRun = z.output<typeof CheckRun>;
/** Something that failed, before its details are read. */
type Found =
  | { readonly job: Job }
  | { readonly check: CheckRun /** Its job has been asked for in vain. */; readonly alone?: boolean };

const WORDS: Readonly<Record<number, string>> = {
  403: 'the token is not allowed to read it',
  404: 'it does not exist, or the token cannot see it',
  410: 'GitHub has deleted it',
};

/** One look at one failure, and the sentences about what it could not see. */
class Look {
  readonly problems: Unread[] = [];
  readonly #github: Github;
  readonly #repository: string;

  constructor(github: Github, repository: string) {
    this.#github = github;
    this.#repository = repository;
  }

  /** Reads something that a session is worth starting without. */
  async #attempt<T>(what: string, permissions: Permissions, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (thrown) {
      const fatal = ['cancelled', 'timeout', 'credential_missing', 'credential_invalid', 'internal'];
      if (!(thrown instanceof ActionError) || fatal.includes(thrown.code)) throw thrown;
      const why = WORDS[thrown.status ?? 0] ?? thrown.message.replace(/^GitHub: |\.$/g, '');
      const help = thrown.status === 403 || thrown.status === 404;
      const advice = help ? `\`${permissionsYaml(permissions)}\` in the job may help.` : '';
      this.problems.push({ finding: `${what} could not be read: ${why}.`, advice });
      return undefined;
    }
  }

  #call(path: string, summary: string, permissions: Permissions, more: RestCall['parameters'] = {}): RestCall {
    const parameters = { ...place(this.#repository), ...more };
    return { route: `GET /repos/{owner}/{repo}/${path}`, parameters, summary, permissions };
  }

  async #runJobs({ id, attempt }: FailureSource): Promise<readonly Found[]> {
    const grant = { actions: 'read' } as const;
    const summary = 'Read the jobs of the workflow run';
    const call =
      attempt === undefined
        ? this.#call('actions/runs/{run_id}/jobs', summary, grant, { run_id: id, filter: 'latest' })
        : this.#call('actions/runs/{run_id}/attempts/{attempt_number}/jobs', summary, grant, {
            run_id: id,
            attempt_number: attempt,
          });
    const found: Found[] = [];
    await this.#attempt(`The jobs of workflow run ${id}`, grant, async () => {
      for await (const { jobs } of this.#github.pages(call, JobPage)) {
        found.push(...jobs.filter(({ conclusion }) => hasFailed(conclusion)).map((job) => ({ job })));
      }
    });
    return found;
  }

  async #job(id: number): Promise<readonly Found[]> {
    const grant = { actions: 'read' } as const;
    const call = this.#call('actions/jobs/{job_id}', 'Read the job', grant, { job_id: id });
    const job = await this.#attempt(`Job ${id}`, grant, () => this.#github.rest(call, Job));
    return job === undefined ? [] : [{ job }];
  }

  /** A check of GitHub Actions is a job with the same id, which says more than the check does. */
  async #checkRun({ id, app }: FailureSource): Promise<readonly Found[]> {
    const jobs = app === ACTIONS ? await this.#job(id) : [];
    if (jobs.length > 0) return jobs;
    const grant = { checks: 'read' } as const;
    const call = this.#call('check-runs/{check_run_id}', 'Read the check', grant, { check_run_id: id });
    const check = await this.#attempt(`Check run ${id}`, grant, () => this.#github.rest(call, CheckRun));
    return check === undefined ? [] : [{ check, alone: app === ACTIONS }];
  }

  async #suite({ id }: FailureSource): Promise<readonly Found[]> {
    const grant = { checks: 'read' } as const;
    const parameters = { check_suite_id: id, filter: 'latest' };
    const call = this.#call('check-suites/{check_suite_id}/check-runs', 'Read the checks', grant, parameters);
    const checks: CheckRun[] = [];
    await this.#attempt(`The checks of suite ${id}`, grant, async () => {
      for await (const { check_runs: runs } of this.#github.pages(call, CheckRunPage)) {
        checks.push(...runs.filter(({ conclusion }) => hasFailed(conclusion)));
      }
    });
    return checks.map((check) => ({ check }));
  }

  /** Everything that failed. */
  async found(source: FailureSource): Promise<readonly Found[]> {
    if (source.kind === 'workflow_run') return await this.#runJobs(source);
    if (source.kind === 'workflow_job') return await this.#job(source.id);
    return source.kind === 'check_run' ? await this.#checkRun(source) : await this.#suite(source);
  }

  async #annotations(id: number, name: string): Promise<Pick<FailedJob, 'annotations' | 'moreAnnotations'>> {
    const grant = { checks: 'read' } as const;
    const parameters = { check_run_id: id, per_page: 100 };
    const call = this.#call('check-runs/{check_run_id}/annotations', 'Read the annotations', grant, parameters);
    const read = () => this.#github.rest(call, AnnotationPage);
    const all = (await this.#attempt(`The annotations of ${name}`, grant, read)) ?? [];
    const weight = (level: string | null | undefined) => (level === 'failure' ? 0 : level === 'warning' ? 1 : 2);
    const sorted = all.toSorted((a, b) => weight(a.annotation_level) - weight(b.annotation_level));
    const annotations = sorted.slice(0, MAX_ANNOTATIONS).map((each) => ({
      path: each.path,
      startLine: each.start_line,
      endLine: each.end_line,
      level: each.annotation_level ?? 'notice',
      title: each.title ?? '',
      message: shortened(each.message ?? '', MAX_MESSAGE),
    }));
    return { annotations, moreAnnotations: all.length - annotations.length };
  }

  /** Reads all about one thing that failed. */
  async details(found: Found): Promise<FailedJob> {
    if ('check' in found && found.alone !== true && found.check.app?.slug === ACTIONS) {
      const [job] = await this.#job(found.check.id);
      if (job !== undefined) return await this.details(job);
    }
    if ('check' in found) return await this.#check(found.check);
    const { job } = found;
    const checkRun = Number(/\/check-runs\/(\d+)$/.exec(job.check_run_url ?? '')?.[1] ?? job.id);
    const annotations = await this.#annotations(checkRun, job.name);
    const log = await this.#attempt(`The log of ${job.name}`, { actions: 'read' }, () =>
      jobLog(this.#github, this.#repository, job),
    );
    const steps = (job.steps ?? []).flatMap(({ number, name, conclusion }) =>
      hasFailed(conclusion) ? [{ number, name, conclusion: conclusion ?? '' }] : [],
    );
    const { name, conclusion } = job;
    const base = { name, conclusion: conclusion ?? 'unknown', url: job.html_url ?? undefined, app: ACTIONS };
    return { ...base, steps, ...annotations, output: undefined, log };
  }

  async #check({ id, name, conclusion, html_url: url, app, output }: CheckRun): Promise<FailedJob> {
    const parts = [output?.title, output?.summary, output?.text].filter((part) => part !== null && part !== undefined);
    const base = { name, conclusion: conclusion ?? 'unknown', url: url ?? undefined, app: app?.slug ?? 'unknown' };
    const annotations = await this.#annotations(id, name);
    return { ...base, steps: [], ...annotations, output: parts.join('\n\n') || undefined, log: undefined };
  }
}

/**
 * What a failed check or workflow left behind: its failed jobs with their steps, annotations and the ends of their
 * logs. Cancelled and timed-out jobs are among them. What may not be read becomes a sentence; throws an `ActionError`
 * only where the step itself is over or its token is wrong.
 */
export async function failureDetails(
  github: Github,
  repository: string,
  failure: FailureSource,
): Promise<FailureDetails> {
  const look = new Look(github, repository);
  const found = await look.found(failure);
  const turn = pool(CONCURRENCY);
  const jobs = await Promise.all(found.slice(0, MAX_JOBS).map((each) => turn(() => look.details(each))));
  return { jobs, moreJobs: Math.max(0, found.length - MAX_JOBS), problems: look.problems };
}
