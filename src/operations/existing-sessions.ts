import type { OperationOutput, OutputData } from '../contract/outputs.ts';
import { link } from '../report/markdown.ts';
import { count } from '../report/units.ts';

/** A session that exists from now on. */
interface ExistingSession {
  readonly org_id: string;
  readonly session_id: string;
  readonly session_url: string;
}

/** Writes the outputs of data, and a summary, that stay if the step is killed. */
export type PublishEarly = (data: Partial<OutputData<OperationOutput>>, summary: string) => Promise<void>;

/** Makes a session known at once: what was paid for must not be lost with the step. */
export type Exists = (session: ExistingSession) => Promise<void>;

const CAUTION =
  'The step is working. If it does not replace these lines, it was stopped before its end, and Devin may still be running.';

function summaryOf(sessions: readonly ExistingSession[]): string {
  const [first] = sessions;
  if (sessions.length === 1 && first !== undefined) {
    return `### ⏳ Devin is working: ${link('session', first.session_url)}\n\n${CAUTION}\n`;
  }
  const lines = sessions.map(({ org_id: name, session_url: url }) => `- ${link(name, url)}`);
  return `### ⏳ Devin is working: ${count(sessions.length, 'session')}\n\n${lines.join('\n')}\n\n${CAUTION}\n`;
}

/** Sessions of a step. */
export interface Existing {
  readonly add: Exists;
  /** The data of all sessions so far: what was published of them. */
  data(): ReturnType<typeof dataOf>;
}

function dataOf(sessions: readonly ExistingSession[]): Partial<OutputData<OperationOutput>> {
  const [first] = sessions;
  if (first === undefined) return {};
  const { session_id, session_url } = first;
  return { session_id, session_url, sessions, count: sessions.length };
}

/** Publishes all sessions so far whenever there is one more, one publication at a time. */
export function openExisting(publish: PublishEarly): Existing {
  let sessions: readonly ExistingSession[] = [];
  let last: Promise<void> = Promise.resolve();
  return {
    add(session) {
      const now = [...sessions, session];
      sessions = now;
      last = last.then(() => publish(dataOf(now), summaryOf(now)));
      return last;
    },
    data: () => dataOf(sessions),
  };
}
