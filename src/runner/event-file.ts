import { open } from 'node:fs/promises';
import type { Env } from './inputs.ts';

/** GitHub sends no larger payload. https://docs.github.com/webhooks/webhook-events-and-payloads */
const MAX_EVENT_BYTES = 25 * 1024 * 1024;

/** What came of reading the event's file: its payload, or what is wrong, as a clause. */
export type EventFile = { readonly payload: unknown } | { readonly problem: string };

/** Reads the payload of the event that started the workflow from the file that the runner laid down. */
export async function readEventFile(env: Env): Promise<EventFile> {
  const path = env['GITHUB_EVENT_PATH'] ?? '';
  if (path === '') return { problem: 'the runner names no file of the event (GITHUB_EVENT_PATH)' };
  const file = await open(path, 'r').catch(() => undefined);
  if (file === undefined) return { problem: 'the file of the event (GITHUB_EVENT_PATH) cannot be read' };
  try {
    const { size } = await file.stat();
    if (size > MAX_EVENT_BYTES) return { problem: `the file of the event has ${size} bytes, more than any event has` };
    const payload: unknown = JSON.parse(await file.readFile('utf8'));
    return { payload };
  } catch {
    return { problem: 'the file of the event (GITHUB_EVENT_PATH) is not JSON' };
  } finally {
    await file.close();
  }
}
