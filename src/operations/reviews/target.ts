import type { InputValues } from '../../contract/inputs.ts';
import { getsNoSecrets, type RunFacts } from '../../github/event/facts.ts';
import { repositoryPage } from '../named-thread.ts';
import { type Checks, type Preparation, ready } from '../operation.ts';

/** The pull request that a step is about. */
export interface Target {
  /** `owner/name`. */
  readonly repository: string;
  readonly number: number;
  /** Its page. */
  readonly url: string;
}

/** The pull request, or why nothing is to be done; no pull request if an input is wrong. */
type Prepared = Preparation<Target | undefined>;

const UNKNOWN: Prepared = ready(undefined);

/** Why a run for a pull request has no key, if GitHub is why. */
function withoutKey(facts: RunFacts, fork: boolean): string {
  const who = fork ? 'it is for a pull request from a fork' : `it is for a pull request of @${facts.actor}`;
  return `the run gets no secrets, because ${who}; see docs/reviews.md#pull-requests-from-forks`;
}

/** Finds the pull request: the one that the input names, or else that of the event. Sends nothing. */
export async function prepareTarget(
  { issue_number: reference }: Partial<InputValues<'issue_number'>>,
  checks: Checks,
): Promise<Prepared> {
  const { facts, problem, hasCredential } = checks;
  const { repository } = facts;
  const read = await checks.event();
  if (!hasCredential && 'event' in read && getsNoSecrets(read.event, facts)) {
    return { skipped: withoutKey(facts, read.event.fork) };
  }
  if (repository === undefined) {
    if (reference === undefined) problem('issue_number', 'needs a repository, but the step runs outside of a workflow');
    return UNKNOWN;
  }
  if (reference !== undefined) {
    const { number } = reference;
    return ready({ repository, number, url: `${repositoryPage(facts)}/pull/${number}` });
  }
  if ('problem' in read) {
    problem('issue_number', `is empty, and the event cannot say which pull request is meant: ${read.problem}`);
    return UNKNOWN;
  }
  const { thread, name } = read.event;
  if (thread?.kind !== 'pull_request') {
    const has = thread === undefined ? 'has no pull request' : `is about #${thread.number}, which is no pull request`;
    problem('issue_number', `is empty, and the event ${name} ${has}`);
    return UNKNOWN;
  }
  return ready({ repository, number: thread.number, url: thread.url });
}
