import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { outputTexts } from '../../src/contract/outputs.ts';
import { sessionComment } from '../../src/operations/sessions/outcome/comment.ts';
import { FIRST_TURN, judge } from '../../src/operations/sessions/outcome/judge.ts';
import type { Session } from '../../src/operations/sessions/outcome/outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from '../../src/operations/sessions/outcome/outputs.ts';
import {
  closingLine,
  pullRequestName,
  type SessionStory,
  sessionSummary,
} from '../../src/operations/sessions/outcome/summary.ts';
import type { PromptFacts } from '../../src/operations/sessions/request/request.ts';
import { firstLine } from '../../src/runner/text.ts';
import { anyText } from '../runner/support.ts';
import { session, story } from './support.ts';

const PROMPT: PromptFacts = { beginning: 'Fix it', sha256: '0123456789abcdef', bytes: 412 };
const PULL = { pr_url: 'https://github.com/acme/api/pull/482', pr_state: 'open' };

const of = async (shown: Session) => (await judge(shown, {}, FIRST_TURN, 'auto')).verdict;

const finished = (more: Partial<SessionStory> = {}) =>
  story({
    session: session({ status_detail: 'finished', pull_requests: [PULL], structured_output: { approve: true } }),
    output: { approve: true },
    maxAcus: 10,
    facts: {
      actor: 'octocat',
      event: 'issue_comment',
      thread: { name: '#128', url: 'https://github.com/acme/api/issues/128' },
      runUrl: 'https://github.com/acme/api/actions/runs/1',
    },
    lastMessage: 'All *done*.',
    outputFits: true,
    ...more,
  });

describe('the summary of a session', () => {
  it('begins with what happened and what exists, then what Devin says, then the figures', () => {
    expect(sessionSummary(finished()).split('\n\n').slice(0, 3)).toEqual([
      '### ✅ Devin finished: [acme/api\\#482](https://github.com/acme/api/pull/482) (open) · [session](https://app.devin.ai/sessions/4f2a)',
      '> All \\*done\\*\\.',
      '2.4 of 10 ACUs · 6 min 3 s · requested by [octocat](https://github.com/octocat) in [\\#128](https://github.com/acme/api/issues/128) · [run](https://github.com/acme/api/actions/runs/1)',
    ]);
  });

  it('says that ACUs are not reported, never that they are 0', () => {
    const summary = sessionSummary(finished({ session: session({ acus_consumed: null }) }));
    expect(summary).toContain('ACUs not reported · 6 min 3 s');
  });

  it('shows small structured output as a table, and folds any other', () => {
    const small = sessionSummary(finished());
    expect(small).toContain(
      '**Structured output** (matches its schema)\n\n| Field | Value |\n|:--|:--|\n| approve | `true` |',
    );
    const large = sessionSummary(finished({ output: { nested: { a: 1 } } }));
    expect(large).toContain('<summary>Structured output (matches its schema)</summary>');
    expect(large).toContain('```json\n{\n  "nested": {\n    "a": 1\n  }\n}\n```');
  });

  it('quotes the report, and folds a last message that says something else', () => {
    const report = { outcome: 'done', summary: 'The tokenizer keeps a trailing comma.' } as const;
    const summary = sessionSummary(finished({ report, output: null, lastMessage: 'See the pull request.' }));
    expect(summary).toContain('\n\n> The tokenizer keeps a trailing comma\\.\n\n');
    expect(summary).toContain('<summary>Last message</summary>\n\n> See the pull request\\.');
    expect(sessionSummary(finished({ report, lastMessage: report.summary }))).not.toContain('Last message');
  });

  it('of a question quotes all of it, and says how to reply', async () => {
    const asks = session({ status_detail: 'waiting_for_user' });
    const verdict = await of(asks);
    const question = story({
      session: asks,
      verdict,
      lastMessage: 'Which branch?\n- main\n- dev',
      error: new ActionError('session_blocked', 'Devin has a question: Which branch?', { fix: verdict.advice }),
      isVerdict: true,
    });
    const summary = sessionSummary(question);
    expect(summary.startsWith('### ✋ Devin has a question · [session](')).toBe(true);
    expect(summary).toContain('\n\n> Which branch?\n> \\- main\n> \\- dev\n\nReply in the session');
    expect(summary.match(/Reply in the session/g)).toHaveLength(1);
    expect(summary).toContain('`session_blocked`');
    expect(summary).not.toContain('Last message');
    const thread = { name: '#128', url: 'https://github.com/acme/api/issues/128' };
    expect(sessionSummary({ ...question, replyPhrase: '/devin', facts: { thread } })).toContain(
      'Reply in [\\#128](https://github.com/acme/api/issues/128) with `/devin …`, or in the session.',
    );
  });

  it.each([
    ['suspended', 'out_of_credits', 'stopped\\: out of credits', 'Add credits'],
    ['error', null, 'stopped with an error', 'Open the session'],
    ['exit', null, 'ended before it finished', 'A user may have terminated'],
  ])('of a failure (%s, %s) says what it means, what to do, and the code', async (status, detail, headline, advice) => {
    const failed = session({ status, status_detail: detail });
    const error = new ActionError('session_failed', 'Devin stopped.');
    const summary = sessionSummary(story({ session: failed, verdict: await of(failed), error }));
    expect(summary.startsWith(`### ❌ Devin ${headline} · `)).toBe(true);
    expect(summary).toContain(advice);
    expect(summary).toContain('`session_failed` · Devin stopped\\.');
  });

  it('of a step that succeeds shows no failure, whatever the session is', async () => {
    const failed = session({ status: 'error' });
    expect(
      sessionSummary(story({ session: failed, verdict: await of(failed) })).startsWith('### ⚠️ Devin stopped'),
    ).toBe(true);
  });

  it('of a finished session whose output does not match is no success', () => {
    const error = new ActionError('structured_output_invalid', 'It does not match.', {
      list: ['approve must be boolean'],
    });
    const summary = sessionSummary(finished({ error, outputFits: false, misfits: ['approve must be boolean'] }));
    expect(summary.startsWith('### ❌ Devin finished')).toBe(true);
    expect(summary).toContain('(does not match its schema)');
    expect(summary).toContain('- approve must be boolean');
  });

  it('of a session that timed out says what happens to it', () => {
    const cut = story({
      verdict: { outcome: 'timed_out', headline: 'did not finish before the timeout', advice: '' },
      ending: 'The session may still be running, and may spend more ACUs.',
      error: new ActionError('timeout', 'The step took longer than its timeout of 1 min.', {
        fix: 'To continue to wait, run `wait-for-session` with `session_id: devin-4f2a`.',
      }),
    });
    const summary = sessionSummary(cut);
    expect(summary).toContain('### ❌ Devin did not finish before the timeout');
    expect(summary).toContain('The session may still be running, and may spend more ACUs\\.');
    expect(summary).toContain('run `wait-for-session` with `session_id: devin-4f2a`\\.');
    // The people in the thread have no steps to run, and get no ID.
    const comment = sessionComment(cut);
    expect(comment).toContain(
      'may spend more ACUs\\. Open the [session](https://app.devin.ai/sessions/4f2a) to see its state.',
    );
    expect(comment).not.toMatch(/devin-4f2a|wait-for-session/);
  });

  it('never shows the whole prompt: only its beginning, its size and its hash', () => {
    const beginning = firstLine(`Fix the parser ${'so that it keeps a trailing comma '.repeat(10)}\nsecond line`);
    const summary = sessionSummary(story({ prompt: { ...PROMPT, beginning } }));
    expect(summary).toContain('Fix the parser so that');
    expect(summary).not.toContain('second line');
    expect(summary).not.toContain('comma so that it keeps a trailing comma so');
    expect(summary).toContain('(sha256 `0123456789ab…`, 412 bytes)');
  });
});

/** Every part of a page of Markdown, those within others too. */
function partsOf(page: string): readonly { readonly type: string; readonly raw: string; readonly href: string }[] {
  const parts: { type: string; raw: string; href: string }[] = [];
  marked.walkTokens(marked.lexer(page), (token) => {
    parts.push({ type: token.type, raw: token.raw, href: 'href' in token ? String(token.href) : '' });
  });
  return parts;
}

describe('texts from outside', () => {
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '</details>',
          '<script>',
          '```',
          '\n\n### Forged\n',
          '\n| a | b |\n',
          '|',
          '](https://evil.example)',
          '![x](https://evil.example/p.png)',
          '\\',
          '`',
          '@octocat',
          '\r\n',
          '\u2028',
          '<!--',
          '$$',
        ),
        anyText(5),
      ),
      { maxLength: 8 },
    )
    .map((pieces) => pieces.join(''));

  it('cannot break the Markdown: no heading, no tag, no link and no cell but the own ones', () => {
    fc.assert(
      fc.property(hostile, hostile, (one, two) => {
        const summary = sessionSummary(
          finished({
            session: session({
              session_id: one,
              status: two,
              status_detail: one,
              title: two,
              url: `https://app.devin.ai/${one}`,
              tags: [one, two],
              playbook_id: two,
              devin_mode: one,
              pull_requests: [
                { pr_url: `https://github.com/${one}/pull/1`, pr_state: two },
                { pr_url: one, pr_state: null },
              ],
            }),
            output: { [one]: two, [two]: [one, { [one]: two }] },
            report: { outcome: 'done', summary: one },
            verdict: { outcome: 'waiting', headline: one, advice: two },
            lastMessage: two,
            facts: { actor: one, event: two, runUrl: one },
            prompt: { ...PROMPT, beginning: one },
            ending: two,
            error: new ActionError('session_failed', one, { list: [two], fix: one }),
          }),
        );
        // As a reader of Markdown sees it: what stands in a fence or in inline code is text to it.
        const parts = partsOf(summary);
        expect(parts.filter(({ type }) => type === 'heading')).toHaveLength(1);
        expect(parts.filter(({ type }) => type === 'image')).toEqual([]);
        const tags = parts.flatMap(({ type, raw }) => (type === 'html' ? (raw.match(/<[^>]*>/g) ?? []) : []));
        expect(tags.filter((tag) => !/^<\/?(?:details|summary|code)>$/.test(tag))).toEqual([]);
        expect(tags.filter((tag) => tag === '<details>')).toHaveLength(
          tags.filter((tag) => tag === '</details>').length,
        );
        for (const table of parts.filter(({ type }) => type === 'table')) {
          for (const row of table.raw.trim().split('\n')) expect(row.match(/(?<!\\)\|/g)).toHaveLength(3);
        }
        for (const { href } of parts.filter(({ type }) => type === 'link')) expect(href).toMatch(/^https?:\/\//);
      }),
      { numRuns: 300, examples: [['', '\\```</details>```']] },
    );
  });
});

describe('names and words', () => {
  it.each([
    ['https://github.com/acme/api/pull/482', 'acme/api#482'],
    ['https://github.com/acme/api/pull/482/files', 'acme/api#482'],
    ['https://gitlab.com/group/sub/api/-/merge_requests/7', 'group/sub/api#7'],
    ['https://bitbucket.org/acme/api/pull-requests/3', 'acme/api#3'],
    ['https://dev.azure.com/acme/p/_git/api/pullrequest/9', 'acme/p/_git/api#9'],
    ['https://example.com/review/1', 'https://example.com/review/1'],
    ['javascript:alert(1)', 'javascript:alert(1)'],
  ])('%s is shown as %s', (url, name) => {
    expect(pullRequestName(url)).toBe(name);
  });

  it('a long first line is cut, and what is missing marked', () => {
    expect(firstLine('Fix it')).toBe('Fix it');
    expect(firstLine('  Fix it \n')).toBe('Fix it');
    expect(firstLine('Fix it\nand more')).toBe('Fix it…');
    expect(firstLine('x'.repeat(80))).toBe(`${'x'.repeat(71)}…`);
    expect(firstLine('🙂'.repeat(80))).toBe(`${'🙂'.repeat(71)}…`);
  });

  it('the last line of the log has the numbers', async () => {
    expect(closingLine(finished())).toBe('Finished in 6 min 3 s · 2.4 of 10 ACUs · 1 pull request');
    const waiting = story({ verdict: await of(session({ status_detail: 'waiting_for_user' })) });
    expect(closingLine(waiting)).toBe('Devin has a question after 6 min 3 s · 2.4 ACUs');
    expect(closingLine({ ...waiting, session: session({ acus_consumed: null }) })).toContain('· ACUs not reported');
  });
});

const textsOf = ({ data }: ReturnType<typeof sessionReport>) => outputTexts(SESSION_OUTPUTS, data);

describe('the report of a session', () => {
  it('has outputs as texts and data as values', () => {
    const report = sessionReport(finished());
    expect(report.outcome).toBe('success');
    expect(textsOf(report)).toEqual({
      session_id: 'devin-4f2a',
      session_url: 'https://app.devin.ai/sessions/4f2a',
      session_status: 'running',
      session_status_detail: 'finished',
      session_outcome: 'finished',
      pull_request_url: PULL.pr_url,
      pull_requests: JSON.stringify([PULL]),
      structured_output: '{"approve":true}',
      structured_output_checked: 'true',
      summary: '',
      last_message: 'All *done*.',
      acus_consumed: '2.4',
    });
    expect(report.data).toMatchObject({ structured_output: { approve: true }, acus_consumed: 2.4 });
  });

  it('names an open or merged pull request before a closed one', () => {
    const closed = { pr_url: 'https://github.com/acme/api/pull/1', pr_state: 'closed' };
    const merged = { pr_url: 'https://github.com/acme/api/pull/2', pr_state: 'merged' };
    const first = (...requests: (typeof closed)[]) =>
      sessionReport(story({ session: session({ pull_requests: requests }) })).data.pull_request_url;
    expect(first(closed, merged)).toBe(merged.pr_url);
    expect(first(closed)).toBe(closed.pr_url);
  });

  it('has the summary of a completion report, and attachments of messages as names and links', () => {
    const report = {
      outcome: 'done',
      summary: 'See ATTACHMENT:"https://app.devin.ai/attachments/1/a%20b.png".',
    } as const;
    const lastMessage = 'Done. ATTACHMENT:{"url":"https://app.devin.ai/attachments/2/c.txt","name":"log of {x}.txt"}';
    expect(textsOf(sessionReport(story({ report, lastMessage })))).toMatchObject({
      summary: 'See [a b.png](https://app.devin.ai/attachments/1/a%20b.png).',
      last_message: 'Done. [log of {x}.txt](https://app.devin.ai/attachments/2/c.txt)',
      structured_output: '',
      structured_output_checked: 'false',
    });
  });

  it('leaves out what there is not', () => {
    const report = sessionReport(story({ session: session({ status_detail: null }) }));
    expect(textsOf(report)).toMatchObject({
      session_status_detail: '',
      pull_request_url: '',
      pull_requests: '[]',
      structured_output: '',
    });
    expect(report.data).toMatchObject({ structured_output: null, session_status_detail: null, title: null });
  });

  it('with an error is a failure that still has its outputs', () => {
    const error = new ActionError('timeout', 'late');
    expect(sessionReport(story({ error }))).toMatchObject({
      outcome: 'failure',
      error,
      data: { session_id: 'devin-4f2a' },
    });
  });
});
