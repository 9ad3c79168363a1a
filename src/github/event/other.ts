import {
  fact,
  formed,
  integer,
  isObject,
  type Json,
  list,
  object,
  part,
  partOfJson,
  partOfList,
  person,
  sha,
  string,
  word,
} from './payload.ts';
import type { Discovery } from './shape.ts';
import { discussion, issue, pullRequest } from './thread.ts';

/** `workflow_dispatch`: a person with write access filled in a form. */
export const workflowDispatch = (payload: Json): Discovery => ({
  parts: [
    ...part('workflow', payload['workflow']),
    ...part('branch or tag', payload['ref']),
    ...partOfJson('inputs of the workflow', payload['inputs']),
  ],
});

/** `repository_dispatch`: a program with a token that may write sent it. */
export const repositoryDispatch = (payload: Json): Discovery => ({
  parts: [
    ...part('type of the event', payload['action']),
    ...part('branch', payload['branch']),
    ...partOfJson('payload of the sender', payload['client_payload']),
  ],
});

/** `schedule` */
export const schedule = (payload: Json): Discovery => ({
  facts: fact('schedule', formed(payload['schedule'], /^[\d*/,\- A-Z]{1,100}$/)),
});

const flag = (value: unknown) => (value === true ? 'yes' : undefined);

/** `push` */
export function pushEvent(payload: Json, page: string): Discovery {
  const commits = list(payload['commits']).map(object);
  const [before, after] = [sha(payload['before']), sha(payload['after'])];
  const files = (name: string) => [...new Set(commits.flatMap((commit) => list(commit[name]).map(string)))];
  const messages = commits.map(({ id, message }) => `${sha(id)?.slice(0, 12) ?? 'commit'} ${string(message)}`);
  return {
    facts: [
      ...fact('commit before', before),
      ...fact('commit after', after),
      ...fact('changes', before && after ? `${page}/compare/${before}...${after}` : undefined),
      ...fact('created', flag(payload['created'])),
      ...fact('deleted', flag(payload['deleted'])),
      ...fact('forced', flag(payload['forced'])),
    ],
    parts: [
      ...part('branch or tag', payload['ref']),
      ...partOfList('messages of the commits', messages),
      ...partOfList('files added', files('added')),
      ...partOfList('files modified', files('modified')),
      ...partOfList('files removed', files('removed')),
    ],
  };
}

/** `release` */
export function release(payload: Json, page: string): Discovery {
  const { id, draft, prerelease, tag_name: tag, name, body, author } = object(payload['release']);
  const by = person(author);
  return {
    facts: [
      ...fact('releases', isObject(payload['release']) ? `${page}/releases` : undefined),
      ...fact('id of the release', integer(id)),
      ...fact('author of the release', by === undefined ? undefined : `@${by.login}`),
      ...fact('draft', flag(draft)),
      ...fact('prerelease', flag(prerelease)),
    ],
    parts: [...part('release: tag', tag), ...part('release: name', name), ...part('release: description', body)],
  };
}

/** `deployment_status` */
export function deploymentStatus(payload: Json): Discovery {
  const [status, deployment] = [object(payload['deployment_status']), object(payload['deployment'])];
  return {
    facts: [
      ...fact('id of the deployment', integer(deployment['id'])),
      ...fact('state of the deployment', word(status['state'])),
      ...fact('deployed commit', sha(deployment['sha'])),
    ],
    parts: [
      ...part('deployment: environment', status['environment'] ?? deployment['environment']),
      ...part('deployment: branch, tag, or commit', deployment['ref']),
      ...part('deployment: task', deployment['task']),
      ...part('deployment status: description', status['description']),
      ...part('deployment status: log', status['log_url'] ?? status['target_url']),
      ...part('deployment status: page of the environment', status['environment_url']),
    ],
  };
}

/** `status`: another program reports on a commit. */
export function commitStatus(payload: Json, page: string): Discovery {
  const commit = sha(payload['sha']);
  return {
    facts: [
      ...fact('commit', commit === undefined ? undefined : `${page}/commit/${commit}`),
      ...fact('state of the commit', word(payload['state'])),
    ],
    parts: [
      ...part('commit status: context', payload['context']),
      ...part('commit status: description', payload['description']),
      ...part('commit status: page', payload['target_url']),
      ...part('message of the commit', object(object(payload['commit'])['commit'])['message']),
      ...partOfList('branches with the commit', payload['branches'], 'name'),
    ],
  };
}

/** `merge_group`: pull requests in the merge queue. */
export function mergeGroup(payload: Json): Discovery {
  const { head_sha: from, base_sha: into, head_ref: ref, base_ref: base, head_commit } = object(payload['merge_group']);
  const [head, target] = [sha(from), sha(into)];
  return {
    ...(head === undefined || target === undefined ? {} : { commits: { base: target, head } }),
    facts: [...fact('base commit', target), ...fact('head commit', head), ...fact('reason', word(payload['reason']))],
    parts: [
      ...part('merge group: branch', ref),
      ...part('merge group: base branch', base),
      ...part('merge group: message of the commit', object(head_commit)['message']),
    ],
  };
}

/** Any other event: the thread that it is about, if it has one. No text in it is a request. */
export function otherEvent(payload: Json, page: string): Discovery {
  const reader = (['pull_request', 'issue', 'discussion'] as const).find((name) => isObject(payload[name]));
  if (reader === undefined) return {};
  const { text: _text, ...found } = { pull_request: pullRequest, issue, discussion }[reader](payload, page);
  return found;
}
