import { ActionError } from '../../../contract/errors.ts';
import type { GateSettings } from '../../../github/event/gates.ts';
import type { Discovery, GithubEvent } from '../../../github/event/shape.ts';
import { repositoryPage } from '../../named-thread.ts';
import type { Context } from '../../operation.ts';
import type { Admitted } from './trigger.ts';

const closed = (message: string, fix: string) => new ActionError('gate_closed', message, { fix });

const NO_TOKEN = 'Pass `github_token: ${{ github.token }}`.';
const NO_WRITE = 'A person with write access to the repository can make the request. Nothing was sent to Devin.';

/**
 * Lets only those start a session who may write to the repository. Throws `gate_closed` for the others, and whatever
 * went wrong where that is unknown.
 */
export async function admit(
  context: Pick<Context, 'github' | 'facts' | 'log'>,
  { event, permissionOf, permissionIfToken }: Pick<Admitted, 'event' | 'permissionOf' | 'permissionIfToken'>,
): Promise<void> {
  if (permissionOf.length + permissionIfToken.length === 0) return;
  const github = await context.github();
  const repository = event.repository ?? context.facts.repository;
  if (github === undefined || repository === undefined) {
    const [login] = permissionOf;
    if (login === undefined) return;
    throw closed(`the write access of @${login} to the repository cannot be checked without github_token`, NO_TOKEN);
  }
  const { writePermission } = await import('../../../github/client/permission.ts');
  for (const login of new Set([...permissionOf, ...permissionIfToken])) {
    const permission = await writePermission(github, repository, login);
    if (!permission.allowed) throw closed(permission.reason, NO_WRITE);
  }
}

const UNREAD = 'Nothing was sent to Devin.';

/**
 * Puts the issue or pull request that `issue_number` names in the place of what the event is about. A comment has to
 * pass the gates of its own: its author, and the phrase. What a failed run or check says stays beside it. Without
 * `isRead`, only the number is needed, and nothing but a comment is fetched.
 */
export async function withNamed(
  context: Pick<Context, 'github' | 'facts' | 'log'>,
  trigger: Admitted,
  settings: GateSettings,
  isRead: boolean,
): Promise<Admitted> {
  const { event, named } = trigger;
  const { repository } = context.facts;
  if (named === undefined || repository === undefined) return trigger;
  if (!isRead && named.comment === undefined) {
    const { number } = named;
    const url = `${repositoryPage(context.facts)}/issues/${number}`;
    return { ...trigger, event: eventOf(event, { thread: { kind: 'issue', number, title: '', url } }) };
  }
  const github = await context.github();
  if (github === undefined) {
    const what = 'The input github_token is empty; the issue or pull request is read from GitHub.';
    throw new ActionError('input_invalid', what, { fix: `${NO_TOKEN} ${UNREAD}` });
  }
  const { readNamed } = await import('../../../github/event/named.ts');
  const found = await readNamed(github, repository, repositoryPage(context.facts), named);
  const about = eventOf(event, found);
  if (named.comment === undefined || found.text === undefined) return { ...trigger, event: about };
  const { commentGate } = await import('../../../github/event/gates.ts');
  const gate = commentGate(found.text, settings);
  if ('closed' in gate) throw closed(gate.closed, UNREAD);
  await admit(context, { event: about, ...gate });
  return { ...trigger, event: about, asked: gate.trigger };
}

/** Facts about the event itself, which are true whatever it is about. */
const OF_ANY = new Set(['event', 'action', 'repository', 'caused by']);

function eventOf(event: GithubEvent, found: Discovery): GithubEvent {
  const { text: _text, thread: _thread, commits: _commits, merged: _merged, ...rest } = event;
  const isFailure = event.failure !== undefined;
  const { facts = [], parts = [], ...more } = found;
  return {
    ...rest,
    ...more,
    facts: [...(isFailure ? event.facts : event.facts.filter(([label]) => OF_ANY.has(label))), ...facts],
    parts: [...(isFailure ? event.parts : []), ...parts],
  };
}
