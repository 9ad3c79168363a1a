import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Fallible, failed } from '../contract/fallible.ts';
import type { Env } from './inputs.ts';
import { openFile } from './location.ts';

/** GitHub sends no larger payload. https://docs.github.com/webhooks/webhook-events-and-payloads */
const MAX_EVENT_BYTES = 25 * 1024 * 1024;

/** What came of reading the event's file: its payload, or what is wrong, as a clause. */
export type EventFile = Fallible<{ readonly payload: unknown }>;

/** Reads the payload of the event that started the workflow from the file that the runner laid down. */
export async function readEventFile(env: Env): Promise<EventFile> {
  const path = env['GITHUB_EVENT_PATH'] ?? '';
  if (path === '') return failed('the runner did not provide the event file (GITHUB_EVENT_PATH)');
  // The file is the runner's, so it may be behind a link.
  const real = await realpath(resolve(path)).catch(() => path);
  const opened = await openFile(real);
  if (!opened.ok) return failed('the event file (GITHUB_EVENT_PATH) cannot be read');
  const { handle, size } = opened;
  try {
    if (size > MAX_EVENT_BYTES) return failed(`the event file has ${size} bytes, more than any event has`);
    const payload: unknown = JSON.parse(await handle.readFile('utf8'));
    return { ok: true, payload };
  } catch {
    return failed('the event file (GITHUB_EVENT_PATH) is not JSON');
  } finally {
    await handle.close();
  }
}
