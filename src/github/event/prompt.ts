import { number } from '../../report/units.ts';
import {
  cutToUtf8,
  explanation,
  fenced,
  fenceFor,
  freshNonce,
  type Part,
  sanitize,
  sanitizeVerbatim,
} from '../../report/untrusted.ts';
import type { GithubEvent } from './shape.ts';
import type { PhraseRequest } from './trigger.ts';

/** What a prompt about an event is made of. */
export interface EventRequest {
  /** What the author of the workflow wants: trusted, and never cut. */
  readonly instruction?: string | undefined;
  readonly event: GithubEvent;
  /** What a person asked for behind the trigger phrase. */
  readonly trigger?: PhraseRequest | undefined;
  /** What was fetched on top of the payload, such as logs; untrusted as well, its labels are ours. */
  readonly extra: readonly Part[];
}

/** How a prompt is to be written. */
export interface PromptForm {
  /** Names of files that go with the prompt. */
  readonly attachments: readonly string[];
  /** From `promptNonce`. */
  readonly nonce: string;
  /** Size of the whole prompt in UTF-8; only an instruction that is larger by itself exceeds it. */
  readonly maxBytes: number;
}

/** A prompt, and for each part that is not whole one clause about it. */
export interface EventPrompt {
  readonly prompt: string;
  readonly cuts: readonly string[];
}

const REQUEST = 'request';
const bytesOf = (text: string) => Buffer.byteLength(text);
/** Room for what a label says about a cut. */
const CUT_BYTES = 64;

const DEFAULTS = {
  request: 'Carry out the request below in this repository.',
  event: 'Look into the event below in this repository, and say what should be done about it.',
};

/** Whether a text is nothing but the phrase and the request behind it, which has a part of its own. */
function isOnlyRequest(text: string, { args }: PhraseRequest): boolean {
  const body = text.trim();
  return args !== '' && body.endsWith(args) && /^\S+(?:[ \t]+new)?\s*$/.test(body.slice(0, body.length - args.length));
}

/** The request first, then what the payload holds, then what was fetched; each clean, and none empty. */
function cleanParts({ event, trigger, extra }: EventRequest): readonly Part[] {
  const parts = [...event.parts, ...extra].map(({ label, text, verbatim }) => ({
    label,
    text: verbatim === true ? sanitizeVerbatim(text) : sanitize(text),
  }));
  const asked = trigger === undefined ? [] : [{ label: REQUEST, text: sanitize(trigger.args) }];
  const others = parts.filter(
    ({ label, text }) => trigger === undefined || label !== event.text?.label || !isOnlyRequest(text, trigger),
  );
  return [...asked, ...others].filter(({ text }) => text.trim() !== '');
}

/** The largest size that all parts can have so that they fit together: the small ones stay whole. */
function fairShare(sizes: readonly number[], room: number): number {
  let left = room;
  for (const [at, size] of [...sizes].sort((a, b) => a - b).entries()) {
    const share = Math.floor(left / (sizes.length - at));
    if (size > share) return share;
    left -= size;
  }
  return Number.POSITIVE_INFINITY;
}

/** Parts whose fences alone fit into the room; what is behind them is left out. */
function partsWithRoom(parts: readonly Part[], nonce: string, room: number): { kept: readonly Part[]; left: number } {
  const { open, close } = fenceFor(nonce);
  let left = room;
  // So much of each part is shown at least; the smallest, the request among them, are never cut.
  let reserved = 0;
  const kept: Part[] = [];
  for (const part of parts) {
    const frame = bytesOf(open(part.label)) + bytesOf(close) + 4 + CUT_BYTES;
    const least = Math.min(bytesOf(part.text), CUT_BYTES);
    if (frame + reserved + least > left) break;
    left -= frame;
    reserved += least;
    kept.push(part);
  }
  return { kept, left };
}

interface Fitted {
  readonly parts: readonly Part[];
  readonly cuts: readonly string[];
}

/** Cuts the parts so that they fit, the biggest first. A cut is told by the label, outside of the data. */
function fitted(parts: readonly Part[], nonce: string, room: number): Fitted {
  const { kept, left } = partsWithRoom(parts, nonce, room);
  const share = fairShare(
    kept.map(({ text }) => bytesOf(text)),
    left,
  );
  const cuts: string[] = [];
  const fit = kept.map((part) => {
    const { text, cut } = cutToUtf8(part.text, share);
    if (cut === 0) return part;
    const note = `cut after ${number(bytesOf(text))} of ${number(bytesOf(part.text))} bytes`;
    cuts.push(`${part.label}: ${note}`);
    return { label: `${part.label} (${note})`, text };
  });
  for (const { label, text } of parts.slice(kept.length))
    cuts.push(`${label}: left out, ${number(bytesOf(text))} bytes`);
  return { parts: fit, cuts };
}

const oneLine = (text: string) => sanitize(text).replace(/\s+/g, ' ').trim();

/** Everything of the prompt that stands outside of the fences. */
function ownWords(
  { instruction, event }: EventRequest,
  { asked, fences }: { readonly asked: boolean; readonly fences: boolean },
  { attachments, nonce }: PromptForm,
): string {
  const task = instruction?.trim() ? instruction.toWellFormed() : asked ? DEFAULTS.request : DEFAULTS.event;
  const files = attachments.map((name) => `- ${oneLine(name)}`);
  return [
    task.trimEnd(),
    ['What happened on GitHub:', ...event.facts.map(([label, value]) => `- ${label}: ${value}`)].join('\n'),
    ...(files.length === 0 ? [] : [['Attached files, which also contain data from GitHub:', ...files].join('\n')]),
    ...(fences ? [explanation(nonce, asked ? REQUEST : undefined)] : []),
  ].join('\n\n');
}

/** A nonce for the fences of this prompt that no text in it holds. `random` gives a new one at each call. */
export const promptNonce = (request: EventRequest, random: () => string): string =>
  freshNonce(
    cleanParts(request).flatMap(({ label, text }) => [label, text]),
    random,
  );

/**
 * Composes the prompt about an event: the author's instruction, what is known for certain, and everything that a person
 * outside may have written, cleaned, cut to fit, and fenced off. The same arguments give the same prompt.
 */
export function eventPrompt(given: EventRequest & PromptForm): EventPrompt {
  const { nonce, maxBytes } = given;
  const clean = cleanParts(given);
  const asked = clean[0]?.label === REQUEST && given.trigger !== undefined;
  const own = ownWords(given, { asked, fences: clean.length > 0 }, given);
  const leftOut = (missing: number) => `\n\n${number(missing)} more parts did not fit and are left out.`;
  const room = maxBytes - bytesOf(own) - bytesOf(leftOut(clean.length)) - 2;
  const { parts, cuts } = fitted(clean, nonce, room);
  const missing = clean.length - parts.length;
  const blocks = parts.length === 0 ? '' : `\n\n${fenced(parts, nonce)}`;
  return { prompt: `${own}${missing === 0 ? '' : leftOut(missing)}${blocks}`, cuts };
}
