import type { Clock } from '../contract/clock.ts';
import type { ActionError } from '../contract/errors.ts';
import type { CommonInput, InputName, InputValues } from '../contract/inputs.ts';
import type { Machine } from '../contract/machine.ts';
import type { OperationOutput, OutputData, StepOutcome } from '../contract/outputs.ts';
import type { JournalEntry } from '../contract/result.ts';
import type { Devin } from '../devin/client.ts';
import type { ApiVersion } from '../devin/endpoint.ts';
import type { Github } from '../github/client/client.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { Log } from '../runner/log.ts';
import type { Workspace } from '../runner/workspace.ts';
import type { EventRead } from './event.ts';
import type { Exists, PublishEarly } from './existing-sessions.ts';
import type { HeadCheck } from './head-check.ts';
import type { Need } from './permissions.ts';
import type { Remains } from './remains.ts';
import type { Question, RequestEnd, ThreadComment } from './thread-comment.ts';

/** What an operation may use to check its inputs before the first request. */
export interface Checks {
  readonly workspace: Workspace;
  readonly clock: Clock;
  readonly facts: RunFacts;
  /** Aborts when the step no longer waits for the checks. */
  readonly signal: AbortSignal;
  /** The event that started the workflow. */
  event(): Promise<EventRead>;
  /** A credential was given, or none is needed. */
  readonly hasCredential: boolean;
  /** Says that an input is wrong: a clause that follows the input's name. */
  problem(input: InputName, message: string): void;
}

/** The world of a running operation. */
export interface Context<I extends InputName = InputName, R extends I = never> {
  readonly inputs: InputValues<Exclude<I, R> | CommonInput> & { readonly [K in R]: NonNullable<InputValues[K]> };
  readonly devin: Devin;
  readonly log: Log;
  readonly clock: Clock;
  readonly machine: Machine;
  /** Aborts when the workflow is cancelled or the time is over; its reason is the `ActionError` to end with. */
  readonly signal: AbortSignal;
  readonly facts: RunFacts;
  /** The inputs of the action as they were written; those that are not set are left out. */
  readonly written: Readonly<Record<string, string>>;
  /** The event that started the workflow. */
  event(): Promise<EventRead>;
  /** GitHub's API, where the step has a token for it. */
  github(): Promise<Github | undefined>;
  /** The comment that the step keeps, if it is to keep one. */
  readonly comment: ThreadComment;
  /** The check run that the step keeps, if it is to keep one. */
  readonly check: HeadCheck;
  /** Files of the workflow. */
  readonly workspace: Workspace;
  /** Files that only the rest of the job may want. */
  readonly temp: Workspace;
  /** Version of the API that the credential is for. */
  readonly version: ApiVersion;
  /** When the step began, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Every request so far, one entry a try. */
  readonly journal: readonly JournalEntry[];
  /** What the post step would have to end if this step were killed. */
  readonly remains: Remains;
  /** Makes a session known in outputs and summary as soon as it exists. */
  readonly exists: Exists;
  /** Writes outputs and summary now: what follows would not be repeated if the step was killed. */
  readonly publish: PublishEarly;
  /** A text without any secret of the step; for texts that are cut or quoted, which a later look could miss. */
  redact(text: string): string;
  /** The same for a value of JSON: its texts, numbers and names. */
  redactValue(value: unknown): unknown;
  /** Every operation of the action, for one that speaks about the others. */
  operations(): Promise<readonly Operation[]>;
  /** The organization of the step: the input, or the credential's own. */
  organization(): Promise<string>;
}

/** What an operation found or did: a member for each of its outputs, and whatever else belongs in the result. */
export type ReportData<O extends OperationOutput> = Readonly<Record<string, unknown>> &
  // Of an operation that is any of them, nothing is known.
  ([OperationOutput] extends [O] ? unknown : OutputData<O>);

/** How an operation with the outputs `O` ended. */
export type Report<O extends OperationOutput = OperationOutput> = Ended<ReportData<O>>;

interface Ended<D> {
  readonly outcome: StepOutcome;
  /** Why the step fails, where it does. */
  readonly error?: ActionError;
  readonly skippedReason?: string;
  /** As values: the outputs and the result are both made of it. */
  readonly data: D;
  /** Markdown for the job summary. */
  readonly summary: string;
  /** Markdown for the step's comment, for the people in its thread; the summary where absent. */
  readonly comment?: string;
  /** What a person has to reply to: one more comment, written once for each `key`. */
  readonly question?: Question;
  /** How the request of the event ended; absent if it has not. */
  readonly ended?: RequestEnd;
  /** A hidden end of the step's comment, which is never cut: what a later step reads from it. */
  readonly commentEnd?: string;
}

/**
 * What an operation found before its first request: it can run with what it made of its inputs, or there is nothing to
 * do, so that the step is skipped, and green.
 */
export type Preparation<P> =
  | { readonly skipped: string }
  | {
      readonly ready: P;
      /** What it can do without a credential, which pull requests of forks do not get. Sends nothing. */
      readonly withoutCredential?: (log: Log) => Report;
    };

/** The preparation of an operation that can run. */
export const ready = <P>(value: P): { readonly ready: P } => ({ ready: value });

/** The preparation of an operation whose inputs tell everything by themselves. */
export const nothingToPrepare = async (): Promise<{ readonly ready: undefined }> => ready(undefined);

/** Whether an operation works on files alone: it needs no credential, and sends nothing. */
export const isLocal = ({ versions }: Pick<Operation, 'versions'>): boolean => versions.length === 0;

/** What users ask for: one value that says everything about an operation, and carries it out. */
export interface Operation<
  I extends InputName = InputName,
  R extends I = I,
  O extends OperationOutput = OperationOutput,
  P = unknown,
> {
  readonly name: string;
  /** One line for the tables. */
  readonly summary: string;
  /** Inputs besides the common ones. */
  readonly inputs: readonly I[];
  /** Those of them without which it cannot run. */
  readonly required: readonly R[];
  readonly outputs: readonly O[];
  /** Permissions that the credential needs. Empty for one that needs none, and for one whose inputs decide. */
  readonly permissions: readonly Need[];
  /** It takes several organizations in `org_id`; the others take one. */
  readonly severalOrganizations?: true;
  /** Versions of the API that have what it needs. None for one that works on files alone, without a credential. */
  readonly versions: readonly ('v3' | 'v2')[];
  /** True where this run must not write: then nothing but GET leaves the client. */
  readOnly?(inputs: Partial<InputValues<I>>): boolean;
  /** Checks what single inputs cannot tell: files, schemas, inputs that exclude each other. Sends nothing. */
  prepare(inputs: Partial<InputValues<I | CommonInput>>, checks: Checks): Promise<Preparation<P>>;
  run(context: Context<I, R>, prepared: P): Promise<Report<O>>;
}

/** Declares an operation, so that its inputs and outputs are checked where they are used. */
export const operation = <const I extends InputName, const R extends I, const O extends OperationOutput, P>(
  value: Operation<I, R, O, P>,
): Operation<I, R, O, P> => value;
