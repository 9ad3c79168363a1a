import type { ThreadReference } from '../contract/thread-reference.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { GithubEvent } from '../github/event/shape.ts';

/** Page of the repository of a run, on the server that the run is on. */
export function repositoryPage({ repository, runUrl }: RunFacts): string {
  const end = runUrl?.lastIndexOf('/actions/runs/') ?? -1;
  return end > 0 ? (runUrl?.slice(0, end) ?? '') : `https://github.com/${repository}`;
}

/** What is wrong with an issue or pull request that `issue_number` names, as a clause; undefined if nothing is. */
export function referenceProblem({ page }: ThreadReference, facts: RunFacts): string | undefined {
  if (facts.repository === undefined) return 'needs a repository, but the step runs outside of a workflow';
  const own = repositoryPage(facts);
  if (page === undefined || page.toLowerCase() === own.toLowerCase()) return undefined;
  return `names an issue or pull request of ${page}; expected one of ${own}`;
}

/**
 * Whether the event itself is about what `issue_number` names, so that nothing has to be fetched. A run or check that
 * failed names its pull request by number alone.
 */
export function isOfEvent({ number, comment }: ThreadReference, { thread, text, failure }: GithubEvent): boolean {
  const isSame = thread?.number === number && thread.kind !== 'discussion' && failure === undefined;
  return isSame && (comment === undefined || text?.url.endsWith(`#issuecomment-${comment}`) === true);
}
