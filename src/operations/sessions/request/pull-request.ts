import { ActionError, asActionError } from '../../../contract/errors.ts';
import { pullRequestRow } from '../../../github/event/named.ts';
import { integer, object, sameRepository, string } from '../../../github/event/payload.ts';
import type { GithubEvent } from '../../../github/event/shape.ts';
import { repositoryPage } from '../../named-thread.ts';
import type { Context } from '../../operation.ts';

/** Devin's bot on github.com has this ID; a login can be given to someone else. */
const BOT_ID = 158_243_242;

/** A pull request that Devin opened. */
export interface OwnPullRequest {
  readonly url: string;
  /** IDs of sessions that its description links: anyone may have written them. */
  readonly hints: readonly string[];
  /** When it was opened, in Unix seconds; undefined if GitHub does not say. */
  readonly openedAt: number | undefined;
}

/**
 * The pull request of a step, if Devin's bot has opened it from a branch of this repository; otherwise undefined.
 *
 * @throws `input_invalid` for an issue
 */
export async function ownPullRequest(
  { github, facts, log, inputs }: Pick<Context<'devin_bot'>, 'github' | 'facts' | 'log' | 'inputs'>,
  thread: GithubEvent['thread'],
): Promise<OwnPullRequest | undefined> {
  const [client, { repository = '' }] = [await github(), facts];
  if (client === undefined || thread === undefined) {
    const fix = 'Pass `github_token: ${{ github.token }}`, and set `issue_number` to a pull request.';
    throw new ActionError('input_invalid', 'reuse: pull_request needs a pull request and a GitHub token.', { fix });
  }
  const row = await pullRequestRow(client, repository, thread.number).catch((thrown: unknown) => {
    if (asActionError(thrown).status !== 404) throw thrown;
    const fix = 'Set `issue_number` to a pull request, or use `reuse: thread`.';
    throw new ActionError('input_invalid', `#${thread.number} is not a pull request of ${repository}.`, { fix });
  });
  const [user, head, base] = [object(row['user']), object(row['head']), object(row['base'])];
  const isOnGithub = new URL(repositoryPage(facts)).hostname === 'github.com';
  const bot = inputs.devin_bot.toLowerCase();
  const isDefault = bot === 'devin-ai-integration[bot]';
  const isDevin = string(user['login']).toLowerCase() === bot && (!isOnGithub || !isDefault || user['id'] === BOT_ID);
  if (!isDevin || !sameRepository(head['repo'], base['repo'])) {
    log.info(
      `#${thread.number} is not by ${inputs.devin_bot}, from a branch of this repository: a new session starts.`,
    );
    return undefined;
  }
  const links = string(row['body']).matchAll(/\/sessions\/(?:devin-)?([\da-f]{32})\b/g);
  const openedAt = integer(Math.floor(Date.parse(string(row['created_at'])) / 1_000));
  return {
    url: `${repositoryPage(facts)}/pull/${thread.number}`,
    hints: [...new Set([...links].map(([, id = '']) => `devin-${id}`))].slice(0, 3),
    openedAt,
  };
}
