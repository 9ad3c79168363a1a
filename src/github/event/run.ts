import {
  fact,
  formed,
  integer,
  isObject,
  type Json,
  list,
  object,
  type Person,
  part,
  person,
  sameRepository,
  sha,
  string,
  word,
} from './payload.ts';
import type { Discovery, Failure, Thread } from './shape.ts';
import { threadUrl } from './thread.ts';

/** The pull requests of a check or run that are in this repository: the first as a thread, and whether one is a fork's. */
function pullRequests(value: unknown, payload: Json, page: string): { thread?: Thread; fork: boolean } {
  const here = list(value)
    .map(object)
    .filter(({ base }) => {
      const repo = object(base)['repo'];
      return !isObject(repo) || sameId(repo, payload['repository']);
    });
  const number = integer(here[0]?.['number']);
  const fork = here.some(
    ({ head, base }) => isObject(object(base)['repo']) && !sameId(object(head)['repo'], object(base)['repo']),
  );
  if (number === undefined) return { fork };
  const title = string(here[0]?.['title']);
  return { thread: { kind: 'pull_request', number, title, url: threadUrl(page, 'pull_request', number) }, fork };
}

/** Here repositories have no full names. */
function sameId(one: unknown, other: unknown): boolean {
  const [a, b] = [integer(object(one)['id']), integer(object(other)['id'])];
  return a === undefined || b === undefined ? isObject(one) && b === undefined : a === b;
}

/** What all of them have in common, beside the failure itself. */
function about(failure: Failure | undefined, thread: Thread | undefined, value: Json): Discovery {
  const noun = failure?.kind.replaceAll('_', ' ') ?? 'check';
  return {
    ...(failure === undefined ? {} : { failure }),
    ...(thread === undefined ? {} : { thread }),
    facts: [
      ...fact(noun, failure?.url),
      ...fact(`id of the ${noun}`, failure?.id),
      ...fact('attempt', failure?.attempt),
      ...fact('status', word(value['status'])),
      ...fact('conclusion', word(value['conclusion'])),
      ...fact('commit', sha(value['head_sha'])),
      ...fact('app', failure?.app),
      ...fact('pull request', thread?.url),
    ],
    parts: part('pull request: title', thread?.title),
  };
}

function failureOf(
  kind: Failure['kind'],
  value: Json,
  name: unknown,
  url: (id: number) => string,
): Failure | undefined {
  const [id, attempt] = [integer(value['id']), integer(value['run_attempt'])];
  const app = formed(object(value['app'])['slug'], /^[a-z0-9-]{1,100}$/);
  if (id === undefined) return undefined;
  return {
    kind,
    id,
    ...(attempt === undefined ? {} : { attempt }),
    name: string(name),
    conclusion: word(value['conclusion']) ?? '',
    url: url(id),
    headSha: sha(value['head_sha']) ?? '',
    headBranch: string(value['head_branch']),
    ...(app === undefined ? {} : { app }),
  };
}

/** Another repository's branch has no name here. */
const hasNoBranch = (value: Json) => string(value['head_branch']) === '';

/** `check_run` */
export function checkRun(payload: Json, page: string): Discovery {
  const run = object(payload['check_run']);
  const { title, summary, text } = object(run['output']);
  const suite = object(run['check_suite']);
  const all = [...list(run['pull_requests']), ...list(suite['pull_requests'])];
  const { thread, fork } = pullRequests(all, payload, page);
  const branch = { ...run, head_branch: suite['head_branch'] };
  const failure = failureOf('check_run', branch, run['name'], (id) => `${page}/runs/${id}`);
  const found = about(failure, thread, run);
  return {
    ...found,
    fork: fork || hasNoBranch(suite),
    parts: [
      ...(found.parts ?? []),
      ...part('check: name', run['name']),
      ...part('check: branch', suite['head_branch']),
      ...part('check: title of its output', title),
      ...part('check: summary of its output', summary),
      ...part('check: text of its output', text),
      ...part('requested by button', object(payload['requested_action'])['identifier']),
    ],
  };
}

/** `check_suite` */
export function checkSuite(payload: Json, page: string): Discovery {
  const suite = object(payload['check_suite']);
  const { thread, fork } = pullRequests(suite['pull_requests'], payload, page);
  const url = `${page}/commit/${sha(suite['head_sha']) ?? 'HEAD'}/checks`;
  const failure = failureOf('check_suite', suite, object(suite['app'])['name'], () => url);
  const found = about(failure, thread, suite);
  return {
    ...found,
    fork: fork || hasNoBranch(suite),
    parts: [
      ...(found.parts ?? []),
      ...part('check suite: app', object(suite['app'])['name']),
      ...part('check suite: branch', suite['head_branch']),
      ...part('check suite: message of the commit', object(suite['head_commit'])['message']),
    ],
  };
}

/** Who stands behind a run. If one of them cannot be made out, none is known. */
function upstreamOf(run: Json): readonly Person[] {
  const given = [run['actor'], run['triggering_actor']].filter((value) => value !== undefined && value !== null);
  const people = given.map(person);
  const known = people.filter((one) => one !== undefined);
  if (known.length < people.length) return [];
  return known.filter(({ login }, at) => known.findIndex((other) => other.login === login) === at);
}

/** `workflow_run` */
export function workflowRun(payload: Json, page: string): Discovery {
  const run = object(payload['workflow_run']);
  const { thread } = pullRequests(run['pull_requests'], payload, page);
  const failure = failureOf('workflow_run', run, run['name'], (id) => `${page}/actions/runs/${id}`);
  const found = about(failure, thread, run);
  const upstream = upstreamOf(run);
  return {
    ...found,
    fork: !sameRepository(run['head_repository'], payload['repository']),
    upstream,
    facts: [
      ...(found.facts ?? []),
      ...fact('event of the run', formed(run['event'], /^[a-z_]{1,50}$/)),
      ...upstream.flatMap(({ login }) => fact('run caused by', `@${login}`)),
    ],
    parts: [
      ...(found.parts ?? []),
      ...part('workflow run: name', run['name']),
      ...part('workflow run: title', run['display_title']),
      ...part('workflow run: file', run['path']),
      ...part('workflow run: branch', run['head_branch']),
      ...part('workflow run: message of the commit', object(run['head_commit'])['message']),
    ],
  };
}

/** `workflow_job` */
export function workflowJob(payload: Json, page: string): Discovery {
  const job = object(payload['workflow_job']);
  const run = integer(job['run_id']);
  const url = (id: number) => (run === undefined ? `${page}/runs/${id}` : `${page}/actions/runs/${run}/job/${id}`);
  const found = about(failureOf('workflow_job', job, job['name'], url), undefined, job);
  const failed = list(job['steps'])
    .map(object)
    .filter(({ conclusion }) => conclusion === 'failure');
  return {
    ...found,
    // The payload does not name the repository that the branch is of.
    fork: hasNoBranch(job),
    parts: [
      ...part('workflow job: name', job['name']),
      ...part('workflow job: workflow', job['workflow_name']),
      ...part('workflow job: branch', job['head_branch']),
      ...part('workflow job: failed steps', failed.map(({ name }) => string(name)).join('\n')),
    ],
  };
}
