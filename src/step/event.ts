import { failed } from '../contract/fallible.ts';
import type { RunFacts } from '../github/event/facts.ts';
import type { EventRead } from '../operations/event.ts';
import { readEventFile } from '../runner/event-file.ts';
import type { Env } from '../runner/inputs.ts';

/** Reads the event when it is first asked for; the code for it is loaded only then. */
export function eventReader(env: Env, facts: RunFacts): () => Promise<EventRead> {
  let read: Promise<EventRead> | undefined;
  const load = async (): Promise<EventRead> => {
    if (facts.event === undefined) return failed('the step runs outside of a workflow');
    const [file, { readEvent }] = await Promise.all([readEventFile(env), import('../github/event/event.ts')]);
    return file.ok ? { ok: true, event: readEvent(facts.event, file.payload, facts) } : file;
  };
  return () => {
    read ??= load();
    return read;
  };
}
