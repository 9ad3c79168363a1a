import {
  fact,
  formed,
  isObject,
  type Json,
  list,
  object,
  part,
  partOfJson,
  partOfList,
  sha,
  string,
} from './payload.ts';
import type { Discovery } from './shape.ts';
import { discussion, issue, pullRequest } from './thread.ts';

/** `workflow_dispatch`: somebody who may write filled in a form. */
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

/** Any other event: the thread that it is about, if it has one. Nobody's text in it asks for anything. */
export function otherEvent(payload: Json, page: string): Discovery {
  const reader = (['pull_request', 'issue', 'discussion'] as const).find((name) => isObject(payload[name]));
  if (reader === undefined) return {};
  const { text: _text, ...found } = { pull_request: pullRequest, issue, discussion }[reader](payload, page);
  return found;
}
