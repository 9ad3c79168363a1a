import type * as z from 'zod/mini';
import type { Habits } from '../../contract/habits.ts';
import type { SessionCreateRequest } from '../../devin/endpoints/sessions.ts';
import type { Life, Step } from './session-life.ts';

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
  /** Whether its schema is the completion report of the action. */
  readonly hasReport: boolean;
  /** The habits that its tags name. */
  readonly habits: Partial<Habits>;
  steps: Step[];
  /** The tags that it was given at a time, oldest first. */
  tagChanges: readonly { readonly at: number; readonly tags: readonly string[] }[];
  isArchived: boolean;
}

/** A session as the API shows it, before odd values. Times in Unix seconds. */
export interface SessionView {
  readonly session_id: string;
  readonly url: string;
  readonly status: string;
  readonly status_detail: string | null;
  readonly title: string | null;
  readonly tags: string[];
  readonly org_id: string;
  readonly user_id: string | null;
  readonly service_user_id: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly acus_consumed: number;
  readonly pull_requests: { pr_url: string; pr_state: string }[];
  readonly structured_output: Readonly<Record<string, unknown>> | null;
  readonly is_archived: boolean;
  readonly origin: string;
  readonly parent_session_id: string | null;
  readonly child_session_ids: string[] | null;
  readonly playbook_id: string | null;
  readonly automation_id: string | null;
  readonly devin_mode: string;
  readonly category: string;
  readonly subcategory: string | null;
}

/** A message as the API shows it. */
export interface MessageView {
  readonly event_id: string;
  readonly source: 'devin' | 'user';
  readonly message: string;
  readonly created_at: number;
  readonly username: string;
  readonly user_id: string | null;
  readonly origin: string;
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

/** The ID as the sandbox keeps it, from one with or without its prefix. */
export function sessionId(text: string): string {
  return text.startsWith('devin-') ? text : `devin-${text}`;
}

/** The URLs of the files that users gave the session, first to last, each once. */
export function attachmentUrlsOf(record: SessionRecord, now: number): string[] {
  const later = record.steps.filter((step) => step.at <= now).flatMap((step) => step.attachments ?? []);
  return [...new Set([...(record.request.attachment_urls ?? []), ...later])];
}

/** The tags that a session has at `now`, if those that are set appear `late` milliseconds later. */
export function tagsOf(record: SessionRecord, now: number, late = 0): readonly string[] {
  return record.tagChanges.findLast(({ at }) => at + late <= now)?.tags ?? [];
}
