import { jsonText } from '../contract/json.ts';
import type { OperationOutput, OutputValues } from '../contract/outputs.ts';
import { link } from '../report/markdown.ts';
import { count } from '../report/units.ts';

/** A session that exists from now on. */
export interface ExistingSession {
  readonly org_id: string;
  readonly session_id: string;
  readonly session_url: string;
}

/** Writes outputs and a summary that stay if the step is killed. */
export type PublishEarly = (outputs: OutputValues<OperationOutput>, summary: string) => Promise<void>;

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

/** Publishes all sessions so far whenever there is one more, one publication at a time. */
export function openExisting(publish: PublishEarly): Exists {
  const sessions: ExistingSession[] = [];
  let last: Promise<void> = Promise.resolve();
  return (session) => {
    sessions.push(session);
    const now = [...sessions];
    const [first = session] = now;
    const outputs = {
      session_id: first.session_id,
      session_url: first.session_url,
      sessions: jsonText(now),
      count: String(now.length),
    };
    last = last.then(() => publish(outputs, summaryOf(now)));
    return last;
  };
}
