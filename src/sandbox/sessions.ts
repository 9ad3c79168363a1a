import type * as z from 'zod/mini';
import type { Session, SessionCreateRequest, SessionMessage } from '../devin/endpoints/sessions.ts';
import { isObject } from './json-schema.ts';
import type { Numbered } from './page.ts';
import type { Seeded } from './seeded.ts';
import { categoryOf } from './session-facts.ts';
import { type Life, momentOf, type Step, shownSteps } from './session-life.ts';
import { fitting, misfitting } from './structured-output.ts';

/** A session as the API shows it. */
export type SessionView = z.input<ReturnType<typeof Session>>;

/** A message of a session as the API shows it. */
export type MessageView = z.input<ReturnType<typeof SessionMessage>>;

/** The body that a session was created with. */
export type SessionRequest = z.output<ReturnType<typeof SessionCreateRequest>>;

/** What the sandbox keeps of a session. Everything that depends on time comes from `steps`. */
export interface SessionRecord {
  readonly request: SessionRequest;
  readonly life: Life;
  readonly created: number;
  /** How many ACUs it has used when the work is done. */
  readonly acus: number;
  readonly userId: string | null;
  readonly serviceUserId: string | null;
  readonly origin: string;
  steps: Step[];
  tags: readonly string[];
  isArchived: boolean;
}

/** What messages refer to: the first line of the prompt, cut short. */
export function summaryOf(prompt: string): string {
  const line = prompt.trim().split('\n')[0]?.trim() ?? '';
  return line.length > 60 ? `${line.slice(0, 57)}...` : line;
}

/** `owner/name` of a repository that may be given as a URL. */
export function repositoryName(repo: string): string {
  return repo
    .replace(/^https?:\/\/[^/]+\//, '')
    .replace(/\.git$/, '')
    .replace(/\/+$/, '');
}

/** The repository in which a session works. */
export function repositoryOf(request: SessionRequest): string {
  return repositoryName(request.repos?.[0] ?? 'acme/api');
}

/** The id as answers carry it, from one with or without its prefix. */
export function sessionId(text: string): string {
  return text.startsWith('devin-') ? text : `devin-${text}`;
}

function structuredOutput(record: SessionRecord, output: Life['output']): Record<string, unknown> | null {
  const schema = record.request.structured_output_schema;
  if (output === 'none') return null;
  if (!schema) return output === 'fits' ? { summary: 'The work is done.', success: true } : { unexpected: true };
  const value = output === 'fits' ? fitting(schema)?.value : misfitting(schema);
  return isObject(value) ? value : null;
}

const outputs = new WeakMap<SessionRecord, Partial<Record<Life['output'], Record<string, unknown> | null>>>();

function rememberedOutput(record: SessionRecord, output: Life['output']): Record<string, unknown> | null {
  const known = outputs.get(record) ?? {};
  outputs.set(record, known);
  const made = known[output] === undefined ? structuredOutput(record, output) : known[output];
  known[output] = made;
  return made;
}

/** ACUs in tenths, in step with the share of the work that is done. */
function acusConsumed(record: SessionRecord, worked: number): number {
  const share = Math.min(1, worked / Math.max(1, record.life.finishAfter * 0.85));
  const cap = Math.min(record.acus, record.request.max_acu_limit ?? record.acus);
  return Math.floor(cap * share * 10 + 1e-6) / 10;
}

/** A session as the API shows it at `now` (milliseconds). */
export function showSession(id: string, orgId: string, n: number, record: SessionRecord, now: number): SessionView {
  const moment = momentOf(shownSteps(record.steps, record.life, now), now);
  const { request } = record;
  const pr = { pr_url: `https://github.com/${repositoryOf(request)}/pull/${n}`, pr_state: 'open' };
  return {
    session_id: id,
    url: `https://app.devin.ai/sessions/${id.slice('devin-'.length)}`,
    status: moment.status,
    status_detail: moment.detail,
    title: request.title ?? null,
    tags: [...record.tags],
    org_id: orgId,
    user_id: record.userId,
    service_user_id: record.serviceUserId,
    created_at: Math.floor(record.created / 1000),
    updated_at: Math.floor(moment.updatedAt / 1000),
    acus_consumed: acusConsumed(record, moment.worked),
    pull_requests: moment.pullRequest ? [pr] : [],
    structured_output: rememberedOutput(record, moment.output),
    is_archived: record.isArchived,
    origin: record.origin,
    parent_session_id: null,
    child_session_ids: null,
    playbook_id: request.playbook_id ?? null,
    automation_id: null,
    devin_mode: request.devin_mode ?? 'normal',
    category: categoryOf(request),
    subcategory: null,
  };
}

/** The messages of a session up to `now`, numbered so that a message keeps its number. */
export function messagesOf(
  seeded: Seeded,
  n: number,
  record: SessionRecord,
  now: number,
): Array<Numbered & { readonly view: MessageView }> {
  const messages: Array<Numbered & { readonly view: MessageView }> = [];
  for (const step of shownSteps(record.steps, record.life, now)) {
    if (step.at > now || !step.message) continue;
    const number = messages.length + 1;
    messages.push({
      n: number,
      view: {
        event_id: `event-${seeded.hex(`event-${number}`, n)}`,
        source: step.message.source,
        message: step.message.text,
        created_at: Math.floor(step.at / 1000),
      },
    });
  }
  return messages;
}

/** The URLs of the files that users gave the session, first to last, each once. */
export function attachmentUrlsOf(record: SessionRecord, now: number): string[] {
  const later = record.steps.filter((step) => step.at <= now).flatMap((step) => step.attachments ?? []);
  return [...new Set([...(record.request.attachment_urls ?? []), ...later])];
}
