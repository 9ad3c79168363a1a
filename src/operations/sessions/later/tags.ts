import { createHash } from 'node:crypto';
import type { RequestTarget } from '../../../github/comment/in-thread.ts';
import type { RunFacts } from '../../../github/event/facts.ts';
import type { Judged } from '../outcome/judge.ts';
import type { Thread } from '../request/tags.ts';

/** What the tags of a session begin with that nobody waits for. Tags are at most 60 characters of `[a-z0-9:-]`. */
const LATER = 'devin-action:later-';
const STATES = ['open', 'asks', 'done'] as const;
const [COMMENT, CHECK] = [1, 2];

/** What was announced last: nothing, a question, or the end. */
export type LaterState = (typeof STATES)[number];

/** What was announced of a session that has not ended, and when: what changes later may be a new question. */
export interface Announced {
  /** Hash of Devin's report, which lists show. */
  readonly report: string;
  /** Hash of everything that Devin said. */
  readonly words: string;
  /** When that was stored, in Unix seconds of the API. */
  readonly at: number;
}

/** How a session is to be followed, as its tags say it. */
export interface Later {
  readonly state: LaterState;
  /** The issue or pull request that its comment and check are on. */
  readonly issue: number | undefined;
  readonly comment: boolean;
  readonly check: boolean;
  /** The key of comment and check as its tag has it. */
  readonly code: string;
  /** The request in the thread that gets a reaction at the end. */
  readonly request: RequestTarget | undefined;
  readonly announced: Announced | undefined;
  /** The message with which a step has continued the session: the hash of the report before it, and when, in Unix seconds. */
  readonly sent: Pick<Announced, 'report' | 'at'> | undefined;
}

const hash = (text: string, digits: number) => createHash('sha256').update(text).digest('hex').slice(0, digits);

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
/** A key with at most this many bytes is in a tag as it is; of a longer one, only a hash. */
const MAX_KEY_BYTES = 20;
const OPERATION = ' create-session';

/** RFC 4648, without padding, in lower case. */
function base32(text: string): string {
  let [bits, value, result] = [0, 0, ''];
  for (const byte of Buffer.from(text)) {
    value = (value << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) result += ALPHABET[(value >>> (bits - 5)) & 31];
    value &= 0xff;
  }
  return bits === 0 ? result : result + ALPHABET[(value << (5 - bits)) & 31];
}

function fromBase32(text: string): string {
  const bytes: number[] = [];
  let [bits, value] = [0, 0];
  for (const letter of text) {
    value = ((value << 5) | ALPHABET.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >>> bits) & 0xff);
  }
  return Buffer.from(bytes).toString('utf8');
}

const fits = (text: string) => Buffer.byteLength(text) <= MAX_KEY_BYTES;

/** A key for a tag: as it is, a job without the name of the operation, or a hash. */
export function codeOf(key: string): string {
  const job = key.endsWith(OPERATION) ? key.slice(0, -OPERATION.length) : undefined;
  if (job !== undefined && fits(job)) return `j${base32(job)}`;
  return fits(key) ? `k${base32(key)}` : `h${hash(key, 32)}`;
}

/** The key of a code; undefined if only its hash is known. */
export function keyOfCode(code: string): string | undefined {
  const key = fromBase32(code.slice(1));
  return code.startsWith('j') ? key + OPERATION : code.startsWith('k') ? key : undefined;
}

/** The hash by which the comment of a key is found. */
export const markOfCode = (code: string): string => {
  const key = keyOfCode(code);
  return key === undefined ? code.slice(1) : hash(key, 32);
};

/** The hash by which a question is found; that of a waiting step, if the key is known. */
export const questionMarkOfCode = (code: string, about: string): string =>
  hash(`${keyOfCode(code) ?? code} asks ${about}`, 32);

/** The hash of what Devin said. */
export const wordsOf = (texts: readonly string[]): string => hash(JSON.stringify(texts), 8);

const repositoryPart = (repository: string) => `${LATER}${hash(repository.toLowerCase(), 7)}-`;

/** How a step wants its session to be followed. */
export interface LaterSettings {
  readonly comment: boolean;
  readonly check: boolean;
  readonly key: string;
  readonly request?: RequestTarget | undefined;
}

/** The tags of a session that `collect-sessions` is to follow: at most five; a message and a question add one each. */
export function laterTags(
  { repository = '' }: RunFacts,
  thread: Thread | undefined,
  { comment, check, key, request }: LaterSettings,
): readonly string[] {
  const flags = (comment ? COMMENT : 0) | (check ? CHECK : 0);
  return [
    stateTag('open'),
    ...(thread === undefined || thread.kind === 'discussion' ? [] : [`${LATER}issue-${thread.number}`]),
    `${LATER}flags-${flags.toString(16)}`,
    ...(request === undefined ? [] : [`${LATER}request-${request}`]),
    repositoryPart(repository) + codeOf(key),
  ];
}

/** The tag of a state. */
const stateTag = (state: LaterState): string => `${LATER}${state}`;

/** The hash of what a report says; of nothing for a session without one. */
export const reportHash = ({ report }: Pick<Judged, 'report'>): string => wordsOf([report?.summary ?? '']);

/** The tag of a session that a step has continued with a message. */
export const sentTag = (report: string, at: number): string => `${LATER}sent-${report}-${at.toString(36)}`;

const ANNOUNCED = `${LATER}said-`;

/** Whether a tag says how a session is followed. */
export const isLaterTag = (tag: string): boolean => tag.startsWith(LATER);

/** Whether a tag is that of a state. */
export const isStateTag = (tag: string): boolean => STATES.some((state) => tag === stateTag(state));

/** Tags with another state. */
export const withState = (tags: readonly string[], state: LaterState, announced?: Announced): string[] => [
  ...tags.filter((tag) => !tag.startsWith(ANNOUNCED) && !isStateTag(tag)),
  stateTag(state),
  ...(announced === undefined
    ? []
    : [`${ANNOUNCED}${announced.report}-${announced.words}-${announced.at.toString(36)}`]),
];

function readAnnounced(text: string | undefined): Announced | undefined {
  const [report = '', words = '', at = ''] = text?.split('-') ?? [];
  return text === undefined ? undefined : { report, words, at: Number.parseInt(at, 36) };
}

/** Reads the tags of a session; undefined if workflows of this repository do not follow it. */
export function readLater(tags: readonly string[], repository: string): Later | undefined {
  const own = repositoryPart(repository);
  const code = tags.find((tag) => tag.startsWith(own))?.slice(own.length);
  // Of several states, the one that announces more counts: an announcement may come twice, and is never lost.
  const state = STATES.find((each) => tags.includes(stateTag(each)));
  if (code === undefined || !/^[hjk][a-z0-9]*$/.test(code) || state === undefined) return undefined;
  const after = (name: string, form: RegExp) =>
    tags
      .map((tag) => (tag.startsWith(LATER + name) ? tag.slice(LATER.length + name.length) : ''))
      .find((text) => form.test(text));
  const flags = Number.parseInt(after('flags-', /^[\da-f]{1,8}$/) ?? '0', 16);
  const issue = after('issue-', /^[1-9]\d{0,9}$/);
  const [sentReport, sentAt] = after('sent-', /^[\da-f]{8}-[\da-z]{1,9}$/)?.split('-') ?? [];
  const request = after('request-', /^(?:thread|[1-9]\d{0,14})$/);
  return {
    state,
    issue: issue === undefined ? undefined : Number(issue),
    comment: (flags & COMMENT) !== 0,
    check: (flags & CHECK) !== 0,
    code,
    request: request === undefined || request === 'thread' ? request : Number(request),
    sent: sentReport === undefined ? undefined : { report: sentReport, at: Number.parseInt(sentAt ?? '', 36) },
    announced: readAnnounced(after('said-', /^[\da-f]{8}-[\da-f]{8}-[\da-z]{1,9}$/)),
  };
}
