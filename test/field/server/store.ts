import { randomBytes, randomUUID } from 'node:crypto';
import { ABSENT, Run, type Script } from './script.ts';

/** Seconds by which what was written shows late. */
export interface Lags {
  /** Lists of sessions, after a create. */
  readonly lists?: number;
  /** Messages, whoever wrote them. */
  readonly messages?: number;
  /** Tags, after a change. */
  readonly tags?: number;
  /** The end of a session, after a DELETE. */
  readonly delete?: number;
  /** The old state of a session, after a message without a script of its own. */
  readonly wake?: number;
}

/** A message, with the time at which it was written, in milliseconds. */
interface Message {
  readonly event_id: string;
  readonly source: 'devin' | 'user';
  readonly message: string;
  readonly at: number;
}

/** A file. Its id is not the UUID of its address. */
export interface StoredFile {
  readonly attachment_id: string;
  readonly uuid: string;
  readonly name: string;
  readonly content: string;
}

const hex = () => randomBytes(16).toString('hex');

/** The `url` of an attachment, which takes no key of the API. */
export const attachmentUrl = ({ uuid, name }: StoredFile) =>
  `https://app.devin.ai/attachments/${uuid}/${encodeURIComponent(name)}`;

/** A file that nobody has uploaded yet. */
export const newFile = (name: string, content: string): StoredFile => ({
  attachment_id: `attachment-${hex()}`,
  uuid: randomUUID(),
  name,
  content,
});

/** Fields of a create request. */
export type Body = Readonly<Record<string, unknown>>;

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const seconds = (ms: number) => Math.floor(ms / 1000);

/** One session. */
export class StoredSession {
  /** 32 hexadecimal digits. */
  readonly id: string = hex();
  readonly orgId: string;
  readonly body: Body;
  readonly createdAt: number;
  readonly messages: Message[] = [];
  readonly files: StoredFile[] = [];
  archived = false;
  readonly #lags: Lags;
  #tags: { readonly from: number; readonly tags: readonly string[] }[];
  #run: Run;
  #known = 0;
  #deletedAt: number | undefined;
  #state: Record<string, unknown> = { status: 'new', status_detail: null, structured_output: null, pull_requests: [] };
  #changedAt: number;

  constructor(orgId: string, body: Body, script: Script, now: number, lags: Lags) {
    this.orgId = orgId;
    this.body = body;
    this.createdAt = now;
    this.#changedAt = now;
    this.#lags = lags;
    this.#tags = [{ from: 0, tags: texts(body['tags']) }];
    this.#run = new Run(typeof script === 'function' ? script(body) : script, now);
    this.say('user', String(body['prompt']), now);
  }

  say(source: Message['source'], message: string, at: number): void {
    this.messages.push({ event_id: `event-${hex()}`, source, message, at });
  }

  /** Takes a message, which starts a script of its own. */
  receive(message: string, script: Script, now: number): void {
    this.#advance(now);
    this.say('user', message, now);
    this.#run = new Run(typeof script === 'function' ? script(this.body) : script, now);
    this.#known = 0;
  }

  terminate(now: number): void {
    this.#deletedAt ??= now;
  }

  /** The tags as they were last written. */
  get writtenTags(): readonly string[] {
    return this.#tags.at(-1)?.tags ?? [];
  }

  /** The tags as they show. */
  tags(now: number): readonly string[] {
    return this.#tags.findLast(({ from }) => from <= now)?.tags ?? [];
  }

  setTags(tags: readonly string[], now: number): void {
    this.#tags.push({ from: now + (this.#lags.tags ?? 0) * 1000, tags });
  }

  #advance(now: number): void {
    const begun = this.#run.advance(now);
    for (const { step, at } of begun.slice(this.#known)) {
      if (step.message !== undefined) this.say('devin', step.message, at);
      const { status, detail, output, pullRequests, fields } = step;
      this.#state = {
        ...this.#state,
        ...('status' in step ? { status } : {}),
        ...('detail' in step ? { status_detail: detail } : {}),
        ...('output' in step ? { structured_output: output } : {}),
        ...(pullRequests === undefined
          ? {}
          : { pull_requests: pullRequests.map((url) => ({ pr_url: url, pr_state: 'open' })) }),
        ...fields,
      };
      // `updated_at` freezes while Devin works (field note 7).
      if (this.#state['status_detail'] !== 'working') this.#changedAt = at;
    }
    this.#known = begun.length;
  }

  /** The session as a response has it. `isRead`: a GET of this session, which scripts count. */
  show(now: number, isRead = false): Record<string, unknown> {
    this.#advance(now);
    if (isRead) this.#run.shown(now);
    const gone = this.#deletedAt !== undefined && now >= this.#deletedAt + (this.#lags.delete ?? 10) * 1000;
    const shown: Record<string, unknown> = {
      session_id: this.id,
      url: `https://app.devin.ai/sessions/${this.id}`,
      title: this.body['title'] ?? null,
      tags: this.tags(now),
      org_id: this.orgId,
      user_id: 'bot_apk',
      service_user_id: 'service-user-11111111111111111111111111111111',
      created_at: seconds(this.createdAt),
      updated_at: seconds(this.#changedAt),
      acus_consumed: 0.0,
      is_archived: this.archived,
      origin: 'api',
      parent_session_id: null,
      child_session_ids: [],
      playbook_id: this.body['playbook_id'] ?? null,
      devin_mode: this.body['devin_mode'] ?? 'normal',
      ...this.#state,
      ...(gone ? { status: 'exit', status_detail: null } : {}),
    };
    return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== ABSENT));
  }

  /** The session as the response of a create has it. */
  showNew(now: number): Record<string, unknown> {
    return { ...this.show(now), status_detail: null, structured_output: null, child_session_ids: null };
  }

  /** The messages that show, oldest first. */
  showMessages(now: number): Record<string, unknown>[] {
    this.#advance(now);
    return this.messages
      .filter(({ at }) => at + (this.#lags.messages ?? 0) * 1000 <= now)
      .toSorted((one, other) => one.at - other.at)
      .map(({ at, ...message }) => ({
        ...message,
        created_at: seconds(at),
        username: message.source === 'devin' ? 'Devin' : 'service user',
        user_id: message.source === 'devin' ? null : 'bot_apk',
        origin: 'api',
      }));
  }
}

/** Everything that the API has. */
export interface Store {
  readonly sessions: StoredSession[];
  readonly uploads: StoredFile[];
}
