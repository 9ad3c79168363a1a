import * as z from 'zod/mini';
import type { Github } from '../client/client.ts';
import type { Permissions } from '../client/problem.ts';
import { place } from '../client/repository.ts';
import type { GithubEvent } from '../event/shape.ts';
import type { RequestTarget } from './in-thread.ts';

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

const commentOf = ({ text }: Pick<Target, 'text'>) => {
  const [, kind, id = ''] = /#(issuecomment-|discussion_r)(\d+)$/.exec(text?.url ?? '') ?? [];
  return kind === undefined ? undefined : { kind, id: Number(id) };
};

/**
 * What a request is among the comments of an issue or pull request, where a later run can find it: the comment, or the
 * thread itself; undefined for a comment on lines, and for an event about another thread.
 */
export function requestIn(event: Pick<Target, 'thread' | 'text'>, number: number): RequestTarget | undefined {
  const { thread } = event;
  if (thread === undefined || thread.kind === 'discussion' || thread.number !== number) return undefined;
  const comment = commentOf(event);
  if (comment === undefined) return 'thread';
  return comment.kind === 'issuecomment-' ? comment.id : undefined;
}

/** The route of the comment, or else of the issue or pull request, that an event is about; undefined for discussions. */
function routeOf(target: Target) {
  const { thread } = target;
  if (thread === undefined || thread.kind === 'discussion') return undefined;
  const comment = commentOf(target);
  if (comment === undefined) {
    const parameters = { issue_number: thread.number };
    return { route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions', parameters } as const;
  }
  const parameters = { comment_id: comment.id };
  return comment.kind === 'discussion_r'
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
