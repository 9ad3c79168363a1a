import { sanitize } from '../../report/untrusted.ts';
import { isByWriters } from './facts.ts';
import type { Person } from './payload.ts';
import type { GithubEvent, WrittenText } from './shape.ts';
import { findTrigger, type PhraseRequest } from './trigger.ts';

/** Which events may start something. */
export interface GateSettings {
  /**
   * Where it is set, an event that carries a person's text needs it there, at the start of a line: in the comment or the
   * review, and for an event of an issue, pull request or discussion in its description, also when the event is that
   * somebody set a label.
   */
  readonly triggerPhrase?: string | undefined;
  /** What the author of a text may be to the repository, e.g. `MEMBER`. */
  readonly associations: readonly string[];
  /** Names of bots, with or without `[bot]`. */
  readonly bots: readonly string[];
}

/** A gate that is closed, and why: one clause for a person, without a full stop. */
export interface ClosedGate {
  readonly closed: string;
}

/** A gate that is open as far as can be told without a request. */
export interface OpenGate {
  /** Logins that must be found to have write permission; the gate is closed where that cannot be found out. */
  readonly permissionOf: readonly string[];
  /** Logins to look up where there is a token: a member or collaborator may be somebody who only reads. */
  readonly permissionIfToken: readonly string[];
  /** What stands behind the phrase; missing if there is no phrase, or the text is not of the person who is let in. */
  readonly trigger?: PhraseRequest;
}

/** Events that hand secrets or a token that writes to nobody's fork, so that no fork should be let near them. */
const NOT_OF_FORKS =
  /^(?:pull_request|pull_request_review|pull_request_review_comment|pull_request_review_thread|check_run|check_suite|workflow_run|workflow_job)$/;
/** Events of a text that is written for the occasion. In the others somebody may act on a text of somebody else. */
const OF_REMARKS = /^(?:issue_comment|discussion_comment|pull_request_review|pull_request_review_comment)$/;
/** Associations behind which there may be somebody who may only read. */
const MAYBE_READERS = new Set(['MEMBER', 'COLLABORATOR']);

const FORK = 'it comes from a fork; see docs/security.md#pull-requests-from-forks';

const bare = (login: string) => login.toLowerCase().replace(/\[bot\]$/, '');
const isSame = (one: Person, other: Person) => one.login.toLowerCase() === other.login.toLowerCase();

/** What a text is called in a reason. */
function noun({ name, text }: GithubEvent): string {
  return text === undefined ? `event \`${name}\`` : text.label.replace(/^(.+): description$/, 'description of the $1');
}

/** A bot of this event that is not listed. */
function strangeBot(event: GithubEvent, bots: readonly string[]): Person | undefined {
  const listed = new Set(bots.map(bare));
  const people = [event.sender, event.text?.author, ...event.upstream];
  return people.find((somebody) => somebody?.isBot === true && !listed.has(bare(somebody.login)));
}

/** Why the author of the text is not let in, if so. */
function authorRefused({ author, association }: WrittenText, allowed: readonly string[]): string | undefined {
  if (author === undefined) return 'the payload does not say who wrote the text';
  if (author.isBot) return undefined;
  if (association === undefined) return `what @${author.login} is to the repository is not in the payload`;
  const isListed = allowed.some((entry) => entry.toUpperCase() === association);
  return isListed ? undefined : `@${author.login} is ${association}, which \`allowed_associations\` does not list`;
}

/**
 * Whether the author of the text is the one who is to be let in, so that the text may be a request. For a label or an
 * assignment that is somebody else, who asks for nothing by the words of the text.
 */
function isAuthorsOwn({ name, action, sender, text }: GithubEvent): boolean {
  const author = text?.author;
  const isAuthor = author !== undefined && sender !== undefined && isSame(author, sender);
  // Who changes the words of another person, or a remark, does not make them their own.
  return isAuthor || OF_REMARKS.test(name) || action === 'edited';
}

/** Who is to be looked up, or why nobody is let in. Bots have been held against their list already. */
function peopleGate(event: GithubEvent, { associations }: GateSettings): ClosedGate | OpenGate {
  const { name, sender, text, upstream } = event;
  if (sender === undefined) return { closed: 'the payload does not say who caused the event' };
  if (name === 'workflow_run' && upstream.length === 0)
    return { closed: 'the payload does not say who caused the run' };
  const humans = [sender, ...upstream].filter(({ isBot }) => !isBot);
  const logins = [...new Set(humans.map(({ login }) => login))];
  if (text === undefined) return { permissionOf: logins, permissionIfToken: [] };
  const { author, association } = text;
  const isAuthor = author !== undefined && isSame(author, sender);
  const authorCounts = isAuthorsOwn(event);
  const refused = authorCounts ? authorRefused(text, associations) : undefined;
  if (refused !== undefined) return { closed: refused };
  const isDoubtful = authorCounts && author !== undefined && !author.isBot && MAYBE_READERS.has(association ?? '');
  return {
    permissionOf: isAuthor ? [] : logins,
    permissionIfToken: isDoubtful ? [author.login] : [],
  };
}

/**
 * Tells from its payload alone whether an event may start something. What is not known closes the gate.
 *
 * Our own comments never do. Events of forks do not, where GitHub withholds the secrets from them; for
 * `pull_request_target` and `issue_comment` the other rules decide. Bots do if they are listed. The author of a text does
 * by their association to the repository; whoever acts on the text of somebody else must have write permission.
 */
export function offlineGate(event: GithubEvent, settings: GateSettings): ClosedGate | OpenGate {
  const { name, action, text } = event;
  if (isByWriters(name)) return { permissionOf: [], permissionIfToken: [] };
  if (event.isOwn) return { closed: 'the text is a comment of this action' };
  if (action === 'deleted') return { closed: `the ${noun(event)} was deleted` };
  if (event.fork && NOT_OF_FORKS.test(name)) return { closed: FORK };
  const phrase = settings.triggerPhrase;
  // Without what the eye does not see: a phrase in a hidden comment asks for nothing.
  const trigger = phrase === undefined || text === undefined ? undefined : findTrigger(sanitize(text.body), phrase);
  if (phrase !== undefined && text !== undefined && trigger === undefined) {
    return { closed: `the ${noun(event)} does not begin a line with \`${phrase}\` (\`trigger_phrase\`)` };
  }
  const bot = strangeBot(event, settings.bots);
  if (bot !== undefined) return { closed: `@${bot.login} is a bot, which \`allowed_bots\` does not list` };
  const gate = peopleGate(event, settings);
  if ('closed' in gate || trigger === undefined || !isAuthorsOwn(event)) return gate;
  return { ...gate, trigger };
}
