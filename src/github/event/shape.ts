import type { Part } from '../../report/untrusted.ts';
import type { Person } from './payload.ts';

/** The issue, pull request or discussion that an event is about. */
export interface Thread {
  readonly kind: 'issue' | 'pull_request' | 'discussion';
  readonly number: number;
  /** As somebody wrote it; empty where the payload does not tell. */
  readonly title: string;
  /** Its page, made of the server, the repository and the number. */
  readonly url: string;
  readonly nodeId?: string;
}

/** What a person wrote that caused an event. */
export interface WrittenText {
  /** As it was written; may be empty. */
  readonly body: string;
  /** The label of the part that shows it. */
  readonly label: string;
  readonly author?: Person;
  /** What the author is to the repository, e.g. `MEMBER`. */
  readonly association?: string;
  readonly url: string;
  readonly nodeId?: string;
}

/** The check or run that an event is about, whatever became of it. */
export interface Failure {
  readonly kind: 'check_run' | 'check_suite' | 'workflow_run' | 'workflow_job';
  readonly id: number;
  /** Which attempt of the run, from 1. */
  readonly attempt?: number;
  /** As somebody wrote it. */
  readonly name: string;
  /** E.g. `failure`; empty while there is none. */
  readonly conclusion: string;
  readonly url: string;
  /** Empty where the payload has none. */
  readonly headSha: string;
  /** As somebody named it; empty where the payload has none. */
  readonly headBranch: string;
  /** Name of the app in addresses, e.g. `github-actions`. */
  readonly app?: string;
}

/** What the payload of an event says. Only it is read: what changes on GitHub afterwards does not count. */
export interface GithubEvent {
  readonly name: string;
  readonly action?: string;
  /** `owner/name`. */
  readonly repository?: string;
  /** Who caused it. */
  readonly sender?: Person;
  /** Also the first pull request of a check or run; its title may be empty then. */
  readonly thread?: Thread;
  /** Missing for an event that nobody's text causes. */
  readonly text?: WrittenText;
  /** The text is a comment of this action. */
  readonly isOwn: boolean;
  /** It is about a pull request or a run from another repository, or that cannot be told. */
  readonly fork: boolean;
  /** Who caused the workflow run that this event is about: its actor, and who started it again. */
  readonly upstream: readonly Person[];
  readonly failure?: Failure;
  /** Of a pull request at the time of the event. */
  readonly commits?: { readonly base: string; readonly head: string };
  /** Of a pull request at the time of the event. */
  readonly merged?: boolean;
  /** What is harmless by its form: numbers, hashes, logins, addresses that we made. */
  readonly facts: readonly (readonly [label: string, value: string])[];
  /** Everything that somebody outside may have written, as it was written. */
  readonly parts: readonly Part[];
}

/** What the reader of one event finds in its payload, beside what all events have. */
export type Discovery = {
  readonly [K in
    | 'thread'
    | 'text'
    | 'fork'
    | 'upstream'
    | 'failure'
    | 'commits'
    | 'merged'
    | 'facts'
    | 'parts']?: Exclude<GithubEvent[K], undefined>;
};
