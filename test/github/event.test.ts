import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../src/github/event/event.ts';
import { offlineGate } from '../../src/github/event/gates.ts';
import { COMMENT_MARKER } from '../../src/github/event/marker.ts';
import { eventPrompt, promptNonce } from '../../src/github/event/prompt.ts';
import {
  anyPayload,
  commentPayload,
  EVENT_NAMES,
  eventOf,
  issuePayload,
  pullPayload,
  repo,
  runPayload,
  user,
} from './support.ts';

interface Definition {
  readonly name: string;
  readonly examples: readonly unknown[];
}

/** Payloads as GitHub sends them. */
const definitions: readonly Definition[] = createRequire(import.meta.url)('@octokit/webhooks-examples');
const EXAMPLES = definitions.flatMap(({ name, examples }) =>
  (name === 'pull_request' ? [name, 'pull_request_target'] : [name]).flatMap((event) =>
    examples.map((payload, at) => ({ event, at, payload })),
  ),
);

const NONCE = '7d1f0c2e9b3a4856';
const promptOf = (name: string, payload: unknown) =>
  eventPrompt({ event: readEvent(name, payload), extra: [], attachments: [], nonce: NONCE, maxBytes: 1_000_000 })
    .prompt;

/** What of a prompt stands outside of its fences, and what inside. */
function split(prompt: string): { outside: string; inside: string } {
  const outside: string[] = [];
  const inside: string[] = [];
  let isInside = false;
  for (const line of prompt.split('\n')) {
    if (line === `----- end ${NONCE} -----`) isInside = false;
    (isInside ? inside : outside).push(line);
    if (line.startsWith(`----- data ${NONCE}: `)) isInside = true;
  }
  expect(isInside).toBe(false);
  return { outside: outside.join('\n'), inside: inside.join('\n') };
}

/** The same payload with every text in it marked. */
function marked(value: unknown, mark: (text: string, key: string) => string, key = ''): unknown {
  if (typeof value === 'string') return mark(value, key);
  if (Array.isArray(value)) return value.map((entry) => marked(entry, mark, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, marked(entry, mark, name)]));
}

/** Members that people fill as they like. */
const FREE =
  /^(?:title|body|name|ref|label|message|path|summary|text|display_title|diff_hunk|head_branch|branch|identifier|added|modified|removed|workflow_name)$/;

describe('the payloads of GitHub', () => {
  it('are all read, judged and told without a failure', () => {
    expect(EXAMPLES.length).toBeGreaterThan(250);
    for (const { event, payload } of EXAMPLES) {
      const read = readEvent(event, payload);
      expect(read.name).toBe(event);
      expect(
        Object.keys(offlineGate(read, { associations: ['OWNER'], bots: [], triggerPhrase: '/devin' })),
      ).not.toEqual([]);
      expect(promptOf(event, payload)).toContain(`- event: ${event}`);
    }
  });

  it.each(['marked with more words', 'replaced by words without a space'])(
    'show nothing that people fill in outside of the fence, %s',
    (way) => {
      for (const { event, payload } of EXAMPLES) {
        const mark = way.startsWith('marked')
          ? (text: string) => `${text} canary words`
          : (text: string, key: string) => (FREE.test(key) ? `canary-${text}` : text);
        const { outside } = split(promptOf(event, marked(payload, mark)));
        expect(outside).not.toContain('canary');
      }
    },
  );

  it('show title and text of what the event is about within the fence', () => {
    for (const { event, payload } of EXAMPLES) {
      const { thread, text } = readEvent(event, payload);
      const { inside } = split(promptOf(event, payload));
      if (thread !== undefined) expect(inside).toContain(thread.title);
      const [line = ''] = (text?.body ?? '').split(/\r?\n/, 1);
      if (!/[<&[]/.test(line)) expect(inside).toContain(line.trim());
    }
  });

  it('give the sender, the repository and the thread', () => {
    for (const { event, payload } of EXAMPLES.filter(({ event: name }) =>
      /^(?:issue|pull_request|discussion)/.test(name),
    )) {
      const { repository, sender, thread } = readEvent(event, payload);
      expect(sender?.login).toMatch(/^[\w-]+$/);
      expect(thread?.url).toMatch(
        new RegExp(`^https://github\\.com/${repository}/(?:issues|pull|discussions)/${thread?.number}$`),
      );
    }
  });
});

describe('an event', () => {
  it('is read from any JSON, and told, without a failure', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES), anyPayload, (name, payload) => {
        const event = readEvent(name, payload, {});
        const request = { event, extra: [] };
        const nonce = promptNonce(request, () => NONCE);
        const { prompt } = eventPrompt({ ...request, attachments: [], nonce, maxBytes: 4_000 });
        expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(4_000);
        expect(prompt.isWellFormed()).toBe(true);
        for (const [, value] of event.facts) expect(value).toMatch(/^[\w @*,/:#.[\]-]+$/);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES), fc.jsonValue(), (name, payload) => {
        expect(readEvent(name, payload).name).toBe(name);
      }),
    );
  });

  it('nested deeper than any stack is read as well', () => {
    const deep: unknown = JSON.parse(`{"client_payload":${'['.repeat(50_000)}${']'.repeat(50_000)}}`);
    expect(readEvent('repository_dispatch', deep).parts.map(({ label }) => label)).toEqual([
      'payload of the sender (nested too deep to be shown)',
    ]);
  });

  it('with a text of a mebibyte is told within the limit', () => {
    const payload = commentPayload({ body: `${'a<b '.repeat(262_144)}` });
    const event = eventOf('issue_comment', payload);
    const { prompt, cuts } = eventPrompt({ event, extra: [], attachments: [], nonce: NONCE, maxBytes: 65_536 });
    expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(65_536);
    expect(Buffer.byteLength(prompt)).toBeGreaterThan(65_000);
    expect(cuts).toEqual([expect.stringMatching(/^comment: cut after 6\d,\d{3} of 1,048,576 bytes$/)]);
    expect(split(prompt).outside).toContain('comment (cut after 6');
  });

  it('has no part for a text that is missing or empty', () => {
    for (const body of ['', null, ' \r\n ']) {
      const { parts, text } = eventOf('issues', issuePayload({ body }));
      expect(parts.map(({ label }) => label)).toEqual(['issue: title']);
      expect(text?.author?.login).toBe('octocat');
    }
  });

  it('of a pull request has the commits and tells a fork', () => {
    const event = eventOf('pull_request', pullPayload({ body: 'Why' }));
    expect(event).toMatchObject({
      commits: { base: 'b'.repeat(40), head: 'a'.repeat(40) },
      fork: false,
      thread: { kind: 'pull_request', number: 34, url: 'https://github.com/acme/api/pull/34' },
    });
    expect(event.parts).toContainEqual({ label: 'pull request: head branch', text: 'acme:topic' });
    expect(eventOf('pull_request', pullPayload({}, null)).fork).toBe(true);
    expect(eventOf('pull_request_target', pullPayload({}, repo('mallory/api', 2))).fork).toBe(true);
  });

  it('of a comment on a pull request is about the pull request', () => {
    const payload = commentPayload({ body: 'x' });
    const onPull = { ...payload, issue: { ...payload.issue, pull_request: {} } };
    expect(eventOf('issue_comment', payload).thread?.kind).toBe('issue');
    expect(eventOf('issue_comment', onPull)).toMatchObject({
      thread: { kind: 'pull_request', url: 'https://github.com/acme/api/pull/12' },
      text: { body: 'x', url: 'https://github.com/acme/api/pull/12#issuecomment-7' },
    });
  });

  it('of a run has what failed and who is behind it', () => {
    const payload = runPayload({ actor: user('alice'), triggering_actor: user('ci[bot]', 'Bot') });
    const event = eventOf('workflow_run', payload);
    expect(event.upstream).toEqual([
      { login: 'alice', isBot: false },
      { login: 'ci[bot]', isBot: true },
    ]);
    expect(event.failure).toEqual({
      kind: 'workflow_run',
      id: 99,
      attempt: 2,
      name: 'CI',
      conclusion: 'failure',
      url: 'https://github.com/acme/api/actions/runs/99',
      headSha: 'c'.repeat(40),
      headBranch: 'topic',
    });
  });

  it('knows our own comments by their marker', () => {
    expect(eventOf('issue_comment', commentPayload({ body: `${COMMENT_MARKER}k -->` })).isOwn).toBe(true);
    expect(eventOf('issue_comment', commentPayload({ body: 'devin-action:comment' })).isOwn).toBe(false);
  });

  it('is of the server and the repository that the runner names', () => {
    const facts = { repository: 'acme/web', runUrl: 'https://ghe.example:8443/acme/web/actions/runs/1' };
    const event = readEvent('issues', issuePayload({}), facts);
    expect(event.repository).toBe('acme/web');
    expect(event.thread?.url).toBe('https://ghe.example:8443/acme/web/issues/12');
    for (const name of ['a b/c', '../..', 'acme/..', 'acme', 'acme/a/b', 'acme/a\n']) {
      expect(readEvent('issues', { repository: { full_name: name } }).repository).toBeUndefined();
    }
  });
});
