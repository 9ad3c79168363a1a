import type { RunFacts } from './facts.ts';
import { COMMENT_MARKER } from './marker.ts';
import {
  commitStatus,
  deploymentStatus,
  mergeGroup,
  otherEvent,
  pushEvent,
  release,
  repositoryDispatch,
  schedule,
  workflowDispatch,
} from './other.ts';
import { fact, formed, type Json, object, person, repositoryName, word } from './payload.ts';
import { checkRun, checkSuite, workflowJob, workflowRun } from './run.ts';
import type { Discovery, GithubEvent } from './shape.ts';
import {
  comment,
  discussion,
  discussionComment,
  issue,
  pullRequest,
  review,
  reviewComment,
  reviewThread,
} from './thread.ts';

type Reader = (payload: Json, page: string) => Discovery;

/** The events that GitHub Actions knows, and the one reader of each. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['issues', issue],
  ['issue_comment', comment],
  ['pull_request', pullRequest],
  ['pull_request_target', pullRequest],
  ['pull_request_review', review],
  ['pull_request_review_comment', reviewComment],
  ['pull_request_review_thread', reviewThread],
  ['discussion', discussion],
  ['discussion_comment', discussionComment],
  ['check_run', checkRun],
  ['check_suite', checkSuite],
  ['workflow_run', workflowRun],
  ['workflow_job', workflowJob],
  ['workflow_dispatch', workflowDispatch],
  ['repository_dispatch', repositoryDispatch],
  ['push', pushEvent],
  ['schedule', schedule],
  ['release', release],
  ['deployment_status', deploymentStatus],
  ['status', commitStatus],
  ['merge_group', mergeGroup],
]);

/** The address of the GitHub server, which may have a path: what stands before the repository in that of the run. */
function serverOf({ repository, runUrl }: Pick<RunFacts, 'repository' | 'runUrl'>): string {
  if (runUrl === undefined || !URL.canParse(runUrl)) return 'https://github.com';
  const end = runUrl.lastIndexOf(`/${repository}/actions/runs/`);
  return end > 0 ? runUrl.slice(0, end) : new URL(runUrl).origin;
}

/**
 * Reads the payload of an event, whatever it is: what does not have the right form counts as missing. Never throws.
 * https://docs.github.com/webhooks/webhook-events-and-payloads
 *
 * @param facts what the runner knows; its repository goes before the payload's, and the address of the run tells the server
 */
export function readEvent(
  name: string,
  payload: unknown,
  facts: Pick<RunFacts, 'repository' | 'runUrl'> = {},
): GithubEvent {
  const event = object(payload);
  const repository = repositoryName(facts.repository) ?? repositoryName(object(event['repository'])['full_name']);
  const server = serverOf(facts);
  const sender = person(event['sender']);
  // Whoever sends a repository_dispatch chooses its action freely.
  const action = name === 'repository_dispatch' ? undefined : word(event['action']);
  const {
    facts: more = [],
    parts = [],
    ...found
  } = (READERS.get(name) ?? otherEvent)(
    // The repository of the run stands in where a payload names none.
    { ...event, repository: event['repository'] ?? { full_name: repository } },
    repository === undefined ? server : `${server}/${repository}`,
  );
  return {
    name,
    ...(action === undefined ? {} : { action }),
    ...(repository === undefined ? {} : { repository }),
    ...(sender === undefined ? {} : { sender }),
    fork: false,
    upstream: [],
    ...found,
    isOwn: found.text?.body.includes(COMMENT_MARKER) ?? false,
    facts: [
      ...fact('event', formed(name, /^[a-z][a-z0-9_]{0,49}$/)),
      ...fact('action', action),
      ...fact('repository', repository),
      ...fact('caused by', sender === undefined ? undefined : `@${sender.login}`),
      ...more,
    ],
    parts,
  };
}
