import { sanitize } from '../../report/untrusted.ts';
import { isByWriters } from './facts.ts';
import { COMMENT_MARKER } from './marker.ts';
import type { Person } from './payload.ts';
import type { GithubEvent, WrittenText } from './shape.ts';
import { findTrigger, nearMiss, type PhraseRequest } from './trigger.ts';

/** Which events may start something. */
export interface GateSettings {
  /**
   * Where it is set, an event that carries a person's text needs it there, at the start of a line: in the comment or the
   * review, and for an event of an issue, pull request or discussion in its description, also when the event is that
   * a person set a label.
   */
  readonly triggerPhrase?: string | undefined;
  /** What the author of a text may be to the repository, e.g. `MEMBER`. */
  readonly associations: readonly string[];
  /** Names of bots, with or without `[bot]`. */
  readonly bots: readonly string[];
  /** The event is what the session is to work on. */
  readonly isContext?: boolean;
}

/** A gate that is closed, and why: one clause for a person, without a full stop. */
export interface ClosedGate {
  readonly closed: string;
}

/** A gate that is open as far as can be told without a request. */
export interface OpenGate {
  /** Logins that must be found to have write permission; the gate is closed where that cannot be found out. */
  readonly permissionOf: readonly string[];
  /** Logins to look up where there is a token: a member or collaborator may have read access only. */
  readonly permissionIfToken: readonly string[];
  /** What stands behind the phrase; missing if there is no phrase, or the text is not of the person who is let in. */
  readonly trigger?: PhraseRequest;
}

/** Events that give no secrets and no write token to forks, so that forks are skipped. */
const NOT_OF_FORKS =
  /^(?:pull_request|pull_request_review|pull_request_review_comment|pull_request_review_thread|check_run|check_suite|workflow_run|workflow_job)$/;
/** Events of a text that is written for the occasion. In the others, a person may act on another person's text. */
const OF_REMARKS = /^(?:issue_comment|discussion_comment|pull_request_review|pull_request_review_comment)$/;
/** Associations of people who may have read access only. */
const MAYBE_READERS = new Set(['MEMBER', 'COLLABORATOR']);

/** Remarks that answer one another, so that those of Devin would wake it again and again. A review is none of them. */
const OF_TALK = /^(?:issue_comment|discussion_comment|pull_request_review_comment)$/;

const DEVIN_BOT = 'devin-ai-integration[bot]';
const OWN = 'the text is a comment of this action';
const DEVINS = 'the comment is by Devin itself';
const FORK = 'it comes from a fork; see docs/security.md#pull-requests-from-forks';

const bare = (login: string) => login.toLowerCase().replace(/\[bot\]$/, '');
const isSame = (one: Person, other: Person) => one.login.toLowerCase() === other.login.toLowerCase();

/** What a text is called in a reason. */
function noun({ name, text }: GithubEvent): string {
  return text === undefined ? `event \`${name}\`` : text.label.replace(/^(.+): description$/, 'description of the $1');
}

/** The gate that is closed by a bot that is not listed, if there is one. */
function unlistedBot(people: readonly (Person | undefined)[], bots: readonly string[]): ClosedGate | undefined {
  const listed = new Set(bots.map(bare));
  const bot = people.find((one) => one?.isBot === true && !listed.has(bare(one.login)));
  return bot && { closed: `@${bot.login} is a bot, which \`allowed_bots\` does not list` };
}

/** By write access, whatever the association is: GitHub calls a member whose membership is private a CONTRIBUTOR. */
const WRITE = 'WRITE';

/** Whether the author of a text is let in: certainly, if they may write, even if that is unknown, or not, and why. */
function authorGate({ author, association }: WrittenText, allowed: readonly string[]): ClosedGate | OpenGate {
  const open = { permissionOf: [], permissionIfToken: [] };
  if (author === undefined) return { closed: 'the payload does not say who wrote the text' };
  if (author.isBot) return open;
  const listed = allowed.map((entry) => entry.toUpperCase());
  if (association !== undefined && association !== WRITE && listed.includes(association)) {
    return MAYBE_READERS.has(association) ? { ...open, permissionIfToken: [author.login] } : open;
  }
  if (listed.includes(WRITE)) return { ...open, permissionOf: [author.login] };
  return association === undefined
    ? { closed: `the payload does not contain the association of @${author.login} with the repository` }
    : { closed: `@${author.login} is ${association}, which \`allowed_associations\` does not list` };
}

/**
 * Whether the author of the text is the one who is to be let in, so that the text may be a request. For a label or an
 * assignment that is another person, whose request is not the text.
 */
function isAuthorsOwn({ name, action, sender, text }: GithubEvent): boolean {
  const author = text?.author;
  const isAuthor = author !== undefined && sender !== undefined && isSame(author, sender);
  // Who changes the words of another person, or a remark, does not make them their own.
  return isAuthor || OF_REMARKS.test(name) || action === 'edited';
}

/** Who is to be looked up, or why no one passes. Bots have been checked against their list already. */
function peopleGate(event: GithubEvent, { associations }: GateSettings): ClosedGate | OpenGate {
  const { name, sender, text, upstream } = event;
  if (sender === undefined) return { closed: 'the payload does not say who caused the event' };
  if (name === 'workflow_run' && upstream.length === 0)
    return { closed: 'the payload does not say who caused the run' };
  const humans = [sender, ...upstream].filter(({ isBot }) => !isBot);
  const logins = [...new Set(humans.map(({ login }) => login))];
  if (text === undefined) return { permissionOf: logins, permissionIfToken: [] };
  const { author } = text;
  const isAuthor = author !== undefined && isSame(author, sender);
  const authors = isAuthorsOwn(event) ? authorGate(text, associations) : undefined;
  if (authors !== undefined && 'closed' in authors) return authors;
  return {
    permissionOf: [...new Set([...(isAuthor ? [] : logins), ...(authors?.permissionOf ?? [])])],
    permissionIfToken: authors?.permissionIfToken ?? [],
  };
}

/** Devin's own bot. What it says would come back to it without an end, so that not even `allowed_bots` lets it in. */
const isDevin = (one: Person | undefined) => one !== undefined && bare(one.login) === bare(DEVIN_BOT);

/** A run that is fine asks for nothing, unless the workflow says what else to do, with a context of its own. */
const hasSucceeded = ({ name, failure }: GithubEvent) => name === 'workflow_run' && failure?.conclusion === 'success';
const SUCCEEDED =
  'the workflow run succeeded; set `context: none` and a `prompt` to start a session for successful runs';

/** The phrase of a text, what follows it, or why the gate is closed. Undefined if no phrase is set. */
function phraseGate(text: string, what: string, phrase: string | undefined): ClosedGate | PhraseRequest | undefined {
  if (phrase === undefined) return undefined;
  // Without what the eye does not see: a phrase in a hidden comment asks for nothing.
  const shown = sanitize(text);
  const trigger = findTrigger(shown, phrase);
  if (trigger !== undefined) return trigger;
  const miss = nearMiss(shown, phrase);
  const why = `the ${what} does not begin a line with \`${phrase}\` (\`trigger_phrase\`)`;
  return { closed: miss === undefined ? why : `${why}; ${miss}` };
}

/**
 * Whether a comment that `issue_number` names may be a request: its author has to pass like that of an event, and the
 * phrase applies to it alone.
 */
export function commentGate(text: WrittenText, settings: GateSettings): ClosedGate | OpenGate {
  if (text.body.includes(COMMENT_MARKER)) return { closed: OWN };
  const phrase = phraseGate(text.body, text.label, settings.triggerPhrase);
  if (phrase !== undefined && 'closed' in phrase) return phrase;
  if (isDevin(text.author)) return { closed: DEVINS };
  const bot = unlistedBot([text.author], settings.bots);
  if (bot !== undefined) return bot;
  const gate = authorGate(text, settings.associations);
  return 'closed' in gate || phrase === undefined ? gate : { ...gate, trigger: phrase };
}

/**
 * Tells from its payload alone whether an event may start something. What is not known closes the gate.
 *
 * Our own comments never do. Events of forks do not, where GitHub withholds the secrets from them; for
 * `pull_request_target` and `issue_comment` the other rules decide. Bots do if they are listed. The author of a text does
 * by their association to the repository; a person who acts on another person's text must have write permission.
 */
export function offlineGate(event: GithubEvent, settings: GateSettings): ClosedGate | OpenGate {
  const { name, action, text } = event;
  if (isByWriters(name)) return { permissionOf: [], permissionIfToken: [] };
  if (event.isOwn) return { closed: OWN };
  if (action === 'deleted') return { closed: `the ${noun(event)} was deleted` };
  if (event.fork && NOT_OF_FORKS.test(name)) return { closed: FORK };
  const phrase = text === undefined ? undefined : phraseGate(text.body, noun(event), settings.triggerPhrase);
  if (phrase !== undefined && 'closed' in phrase) return phrase;
  if (OF_TALK.test(name) && isDevin(text?.author)) return { closed: DEVINS };
  const bot = unlistedBot([event.sender, text?.author, ...event.upstream], settings.bots);
  if (bot !== undefined) return bot;
  const gate = peopleGate(event, settings);
  if (!('closed' in gate) && settings.isContext === true && hasSucceeded(event)) return { closed: SUCCEEDED };
  if ('closed' in gate || phrase === undefined || !isAuthorsOwn(event)) return gate;
  return { ...gate, trigger: phrase };
}
