import type { InputName } from '../../../contract/inputs.ts';
import type { Context } from '../../operation.ts';
import type { Session } from '../outcome/outcome.ts';
import type { OwnPullRequest } from '../request/pull-request.ts';
import type { PreparedSession } from '../request/request.ts';
import type { OutputSchema } from '../request/structured.ts';
import { TAG_INPUTS, type Thread } from '../request/tags.ts';
import type { Upload } from '../request/uploads.ts';
import type { Sent } from '../wait/messages.ts';
import type { Key } from './idempotency.ts';
import type { Limit } from './limit.ts';
import type { Search } from './lookup.ts';
import type { Follows } from './reuse.ts';
import type { Standing } from './standing.ts';

/** Inputs that a start reads besides those of the request. */
export const START_INPUTS = [
  ...TAG_INPUTS,
  'reuse_key',
  'max_session_age',
  'wait',
] as const satisfies readonly InputName[];

/** What a start needs. */
export type StartContext = Pick<
  Context<(typeof START_INPUTS)[number]>,
  'inputs' | 'written' | 'devin' | 'log' | 'clock' | 'signal' | 'facts' | 'workspace' | 'startedAt' | 'remains'
>;

/** What a start makes a session of. */
export interface StartRequest extends Pick<PreparedSession, 'body' | 'extraBody'> {
  /** Files of the workspace and texts to upload first; their addresses come on top of `attachment_urls`. */
  readonly uploads: readonly Upload[];
  /** By this, an existing session is judged. */
  readonly schema?: OutputSchema | undefined;
  /** The thread of the event, for `reuse: thread`. */
  readonly thread?: Thread | undefined;
  /** The pull request whose session is to be reused. */
  readonly pullRequest?: OwnPullRequest | undefined;
  /** The tags by which `collect-sessions` follows the session. */
  readonly later?: readonly string[] | undefined;
  /** A new session is requested, whatever exists already. */
  readonly fresh?: boolean | undefined;
}

/** How the session of a step was found. */
export interface Found {
  /** An earlier attempt started it, or another step with the same key, or this step by a request without a response. */
  readonly how: 'attempt' | 'key' | 'lost';
  readonly standing: Standing;
  readonly scope: Key['scope'];
}

/** The session of a step. */
export interface Started {
  readonly session: Session;
  /** False if the session existed already: found by its tag, or reused. */
  readonly created: boolean;
  /** True if the session is one of `reuse`, and has received the prompt as a message. */
  readonly reused: boolean;
  /** True if this step, or an earlier attempt of it, started the session: only then may it be ended. */
  readonly own: boolean;
  /** How it was found; undefined for one that was created or reused. */
  readonly found?: Found;
  /** The message to a session that existed; a wait needs it to tell what came after. */
  readonly sent?: Sent;
  /** The session that a new one follows, and why that was not used. */
  readonly follows?: Follows;
  /** The request asked for a completion report, and was accepted with it. */
  readonly reports?: boolean;
  /** The tag by which a created session is found again. */
  readonly tag?: string;
  /** Checks at the end of the step whether a request that was sent again has started a second session. Never throws. */
  readonly checkTwin?: () => Promise<void>;
}

/** One start in one organization: what its parts share. */
export interface Start {
  readonly context: StartContext;
  readonly orgId: string;
  readonly request: StartRequest;
  readonly key: Key | undefined;
  /** Where the sessions of the key are looked for. */
  readonly search: (key: Key) => Promise<Search>;
  /** IDs, without their prefix, of sessions of the key that existed before the request. */
  readonly before: Set<string>;
  /** The user for whom the session is created. */
  readonly asUserId: string | undefined;
  /** The tag of `reuse`. */
  readonly reuse: string | undefined;
  readonly limit: Limit | undefined;
  /** Every address of a file that goes with the prompt; the uploads are made when it is first needed. */
  readonly urls: () => Promise<readonly string[]>;
}
