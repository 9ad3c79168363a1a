import { ActionError } from '../../../contract/errors.ts';
import type { InputName, InputValues } from '../../../contract/inputs.ts';
import { type RunFacts, workflowFile } from '../../../github/event/facts.ts';

/** What every tag of this action begins with. */
const TAG = 'devin-action:';
/** 96 bits: enough that two keys never meet, short enough for a tag. */
const TAG_DIGITS = 24;

/** Inputs that say which tags the action adds. */
export const TAG_INPUTS = [
  'idempotency',
  'reuse',
  'max_sessions_per_hour',
  'completion_report',
] as const satisfies readonly InputName[];

type TagInput = (typeof TAG_INPUTS)[number] | 'wait' | 'structured_output_schema' | 'structured_output_schema_file';

/** The issue, pull request or discussion that a session belongs to. */
export interface Thread {
  readonly kind: string;
  readonly number: number;
}

/** Whether sessions get the tag of a step. */
export const usesKey = (idempotency: string): boolean => idempotency.toLowerCase() !== 'none';

/** The inputs for each of which the action adds a tag to those that a session gets from `tags`; `wait: later` adds seven. */
export function reservedTags({
  idempotency = 'run',
  reuse = 'none',
  max_sessions_per_hour: limit,
  completion_report: reports = false,
  structured_output_schema: schema,
  structured_output_schema_file: schemaFile,
  wait = 'none',
}: Partial<InputValues<TagInput>>): readonly InputName[] {
  return [
    ...(usesKey(idempotency) ? (['idempotency'] as const) : []),
    ...(reuse === 'none' || reuse === 'pull_request' ? [] : (['reuse'] as const)),
    ...(limit === undefined ? [] : (['max_sessions_per_hour'] as const)),
    ...(reports && schema === undefined && schemaFile === undefined ? (['completion_report'] as const) : []),
    ...(wait === 'later' ? Array.from({ length: 7 }, () => 'wait' as const) : []),
  ];
}

/** What to set so that a session gets none of the tags of this action. */
const WITHOUT: Readonly<Partial<Record<InputName, string>>> = {
  idempotency: '`idempotency: none`',
  reuse: '`reuse: none`',
  max_sessions_per_hour: 'no `max_sessions_per_hour`',
  completion_report: '`completion_report: false`',
  wait: '`wait: finished`',
};

const isRejection = ({ status }: ActionError) => status === 400 || status === 422;

/** The error of a request that the API rejects for its tags, with what helps; any other error as it is. */
export function asTagError(
  error: ActionError,
  { idempotency, reuse, max_sessions_per_hour: limit, wait }: Partial<InputValues<TagInput>>,
  tag: string | undefined,
  reports: boolean,
): ActionError {
  const isAbout = [error.message, ...error.list].some((text) => /\btags?\b/i.test(text) || text.includes(TAG));
  const added = reservedTags({
    ...(idempotency === undefined ? {} : { idempotency }),
    ...(reuse === undefined ? {} : { reuse }),
    ...(limit === undefined ? {} : { max_sessions_per_hour: limit }),
    completion_report: reports,
    ...(wait === undefined ? {} : { wait }),
  });
  if (!isRejection(error) || !isAbout || added.length === 0) return error;
  const given = tag === undefined ? `those that begin with \`${TAG}\`` : `\`${tag}\``;
  const settings = [...new Set(added)].map((input) => WITHOUT[input] ?? input).join(' and ');
  const { code, message, list, status } = error;
  return new ActionError(code, `${message} The request had tags of this action, among them ${given}.`, {
    title: 'Devin API rejected a tag',
    fix: `Correct the input \`tags\`, or allow these tags in Devin. To send none of this action, set ${settings}: then a re-run cannot find the session.`,
    list,
    cause: error,
    ...(status === undefined ? {} : { status }),
  });
}

/** The hash is Node's own: over https it is loaded for TLS anyway, and over plain http it costs 5 ms. */
async function tagOf(kind: string, parts: readonly unknown[]): Promise<string> {
  const { createHash } = await import('node:crypto');
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${TAG}${kind}${digest.slice(0, TAG_DIGITS)}`;
}

/** The tag by which a step knows its session again. */
export const stepTag = (parts: readonly unknown[]): Promise<string> => tagOf('', parts);

/**
 * The tag of every session of a thread that one workflow file starts: a workflow that is open to strangers must not
 * pass its session on to one that is not. An issue and a pull request are one kind, since a comment on a pull request
 * comes as one on an issue; GitHub writes a repository's name in the case in which it was requested.
 */
export function threadTag(facts: RunFacts, { kind, number }: Thread): Promise<string> {
  const { repository = '' } = facts;
  const file = (workflowFile(facts) ?? '').toLowerCase();
  return tagOf('thread-', [repository.toLowerCase(), file, kind === 'discussion' ? kind : 'issue', number]);
}

/** The tag of every session with a `reuse_key`, whichever repository uses it. */
export const reuseTag = (key: string): Promise<string> => tagOf('reuse-', [key]);

/** The tag of every session that a workflow starts; outside of one, of every session of the organization. */
export function workflowTag({ repository, workflow }: RunFacts, orgId: string): Promise<string> {
  const isKnown = repository !== undefined && workflow !== undefined;
  return tagOf('workflow-', isKnown ? [repository.toLowerCase(), workflow] : [orgId]);
}
