import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import type { Permissions } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import type { GithubEvent } from '../event/shape.ts';

/** What a request shows: it was seen, it has finished, or something else needs attention. */
export type Reaction = 'eyes' | 'rocket' | 'confused';

const SUMMARY = 'React to the request';

type Target = Pick<GithubEvent, 'repository' | 'thread' | 'text'>;

const Added = z.object({ addReaction: z.object({ reaction: z.nullable(z.object({ content: z.string() })) }) });
const ADD = `mutation ($subjectId: ID!, $content: ReactionContent!) {
  addReaction(input: { subjectId: $subjectId, content: $content }) { reaction { content } }
}`;

/** Reacts to a discussion or its comment, which only GraphQL knows; false if the payload does not tell its node ID. */
async function reactInDiscussion(github: Github, { thread, text }: Target, content: Reaction): Promise<boolean> {
  const subjectId = text?.nodeId ?? thread?.nodeId;
  if (subjectId === undefined) return false;
  const variables = { subjectId, content: content.toUpperCase() };
  const permissions = { discussions: 'write' } as const;
  await github.graphql({ query: ADD, variables, summary: SUMMARY, permissions, repeatable: true }, Added);
  return true;
}

/** The route of the comment, or else of the issue or pull request, that an event is about. */
function routeOf({ thread, text }: Target) {
  if (thread === undefined) return undefined;
  const [, kind, id] = /#(issuecomment-|discussion_r)(\d+)$/.exec(text?.url ?? '') ?? [];
  if (kind === undefined) {
    const parameters = { issue_number: thread.number };
    return { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', parameters } as const;
  }
  const parameters = { comment_id: Number(id) };
  return kind === 'discussion_r'
    ? ({ route: 'POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions', parameters } as const)
    : ({ route: 'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions', parameters } as const);
}

/**
 * Puts a reaction on the request that an event stands for. Several of one kind count as one.
 * https://docs.github.com/rest/reactions/reactions
 *
 * @returns whether there is something to react to
 * @throws {ActionError} also if the token may not react
 */
export async function react(github: Github, event: Target, content: Reaction): Promise<boolean> {
  if (event.thread?.kind === 'discussion') return await reactInDiscussion(github, event, content);
  const found = routeOf(event);
  if (found === undefined || event.repository === undefined) return false;
  const permissions: Permissions =
    event.thread?.kind === 'pull_request' ? { 'pull-requests': 'write' } : { issues: 'write' };
  await github.rest(
    {
      route: found.route,
      parameters: { ...place(event.repository), ...found.parameters, content },
      summary: SUMMARY,
      permissions,
      repeatable: true,
    },
    z.object({ id: z.int() }),
  );
  return true;
}
