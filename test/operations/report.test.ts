import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ActionError } from '../../src/contract/errors.ts';
import { verdictOf } from '../../src/operations/sessions/outcome.ts';
import {
  closingLine,
  pullRequestName,
  type SessionStory,
  sessionReport,
  sessionSummary,
} from '../../src/operations/sessions/report.ts';
import type { PromptFacts } from '../../src/operations/sessions/request.ts';
import { firstLine } from '../../src/runner/text.ts';
import { anyText } from '../runner/support.ts';
import { session, story } from './support.ts';

const PROMPT: PromptFacts = { beginning: 'Fix it', sha256: '0123456789abcdef', bytes: 412 };
const PULL = { pr_url: 'https://github.com/acme/api/pull/482', pr_state: 'open' };

const finished = (more: Partial<SessionStory> = {}) =>
  story({
    session: session({ status_detail: 'finished', pull_requests: [PULL], structured_output: { approve: true } }),
    verdict: verdictOf({ status: 'running', status_detail: 'finished' }),
    maxAcus: 10,
    facts: { actor: 'octocat', event: 'issue_comment', runUrl: 'https://github.com/acme/api/actions/runs/1' },
    lastMessage: 'All *done*.',
    outputFits: true,
    ...more,
  });

describe('the summary of a session', () => {
  it('says in its first line how it ended, with links to the session and its pull requests', () => {
    const [first] = sessionSummary(finished()).split('\n');
    expect(first).toBe(
      '### ✓ Devin finished · [session](https://app.devin.ai/sessions/4f2a) · [acme/api\\#\u200b482](https://github.com/acme/api/pull/482)',
    );
  });

  it('then has one row: outcome, ACUs, duration, pull requests and who asked', () => {
    const summary = sessionSummary(finished());
    expect(summary).toContain('| Outcome | ACUs | Duration | Pull requests | Asked by |');
    expect(summary).toContain(
      '| finished | 2.4 of 10 | 6 min 3 s | [acme/api\\#\u200b482](https://github.com/acme/api/pull/482) open | ' +
        '\\@\u200boctocat by issue\\_comment in [this run](https://github.com/acme/api/actions/runs/1) |',
    );
  });

  it('folds structured output, last message and details', () => {
    const summary = sessionSummary(finished());
    const titles = [...summary.matchAll(/<summary>(.*)<\/summary>/g)].map(([, title]) => title);
    expect(titles).toEqual(['Structured output (valid)', 'Last message', 'Details']);
    expect(summary).toContain('```json\n{\n  "approve": true\n}\n```');
    expect(summary).toContain('> All \\*done\\*\\.');
    expect(summary).toContain('3, of which 1 retry');
  });

  it('of a question quotes it, and says how to answer', () => {
    const waiting = { status: 'running', status_detail: 'waiting_for_user' } as const;
    const summary = sessionSummary(
      story({
        session: session(waiting),
        verdict: verdictOf(waiting),
        lastMessage: 'Which branch?\n- main\n- dev',
        error: new ActionError('session_blocked', 'Devin is waiting for you.', { fix: verdictOf(waiting).advice }),
      }),
    );
    expect(summary.startsWith('### ? Devin is waiting for you · [session](')).toBe(true);
    expect(summary).toContain(
      '\n\n> Which branch?\n> \\- main\n> \\- dev\n\n`session_blocked` · Answer in the session',
    );
    expect(summary.match(/Answer in the session/g)).toHaveLength(1);
    expect(summary).toContain('`session_blocked`');
    expect(summary).not.toContain('Last message');
  });

  it.each([
    ['suspended', 'out_of_credits', 'stopped\\: out of credits', 'Add credits'],
    ['error', null, 'stopped with an error', 'Open the session'],
    ['exit', null, 'ended before it finished', 'Somebody may have terminated'],
  ])('of a failure (%s, %s) says what it means, what to do, and the code', (status, detail, headline, advice) => {
    const failed = session({ status, status_detail: detail });
    const error = new ActionError('session_failed', 'Devin stopped.');
    const summary = sessionSummary(story({ session: failed, verdict: verdictOf(failed), error }));
    expect(summary.startsWith(`### ✗ Devin ${headline} · `)).toBe(true);
    expect(summary).toContain(advice);
    expect(summary).toContain('`session_failed` · Devin stopped\\.');
  });

  it('of a finished session whose output does not fit is no success', () => {
    const error = new ActionError('structured_output_invalid', 'It does not fit.', {
      list: ['approve must be boolean'],
    });
    const summary = sessionSummary(finished({ error, outputFits: false }));
    expect(summary.startsWith('### ✗ Devin finished')).toBe(true);
    expect(summary).toContain('<summary>Structured output (not valid)</summary>');
    expect(summary).toContain('- approve must be boolean');
  });

  it('of a session that timed out says what became of it', () => {
    const summary = sessionSummary(
      story({
        verdict: { outcome: 'timed_out', headline: 'was not finished in time', advice: '' },
        ending: 'The session goes on and may go on spending ACUs.',
        error: new ActionError('timeout', 'The step took longer than its timeout of 60 s.'),
      }),
    );
    expect(summary).toContain('### ✗ Devin was not finished in time');
    expect(summary).toContain('The session goes on and may go on spending ACUs\\.');
    expect(summary).toContain('| timed out |');
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
              structured_output: { [one]: two },
            }),
            verdict: { outcome: 'waiting', headline: one, advice: two },
            lastMessage: two,
            facts: { actor: one, event: two, runUrl: one },
            prompt: { ...PROMPT, beginning: one },
            ending: two,
            error: new ActionError('session_failed', one, { list: [two], fix: one }),
          }),
        );
        // What stands in a fence or in inline code is shown as it is; tags count only outside of both.
        const outside = summary
          .replace(/\n(`{3,})json\n[\s\S]*?\n\1\n/, '\n')
          .replace(/(?<!\\|`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '');
        expect(
          outside.match(/<[a-z/!][^>]*>?/gi)?.filter((tag) => !/^<\/?(details|summary)>$/.test(tag)) ?? [],
        ).toEqual([]);
        expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
        const lines = outside.split('\n');
        expect(lines.filter((line) => /^\s*#/.test(line)).length).toBe(1);
        for (const line of lines.filter((each) => each.startsWith('|'))) {
          expect([3, 6]).toContain(line.match(/(?<!\\)\|/g)?.length);
        }
        for (const [, target = ''] of outside.matchAll(/(?<!\\)\]\(([^)]*)\)/g)) expect(target).toMatch(/^https?:\/\//);
      }),
      { numRuns: 300 },
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

  it('the last line of the log has the numbers', () => {
    expect(closingLine(finished())).toBe('Finished in 6 min 3 s · 2.4 of 10 ACUs · 1 pull request');
    const waiting = story({ verdict: verdictOf({ status: 'running', status_detail: 'waiting_for_user' }) });
    expect(closingLine(waiting)).toBe('Devin is waiting for you after 6 min 3 s · 2.4 ACUs');
  });
});

describe('the report of a session', () => {
  it('has outputs as texts and data as values', () => {
    const report = sessionReport(finished(), { created: true, reused: false });
    expect(report.outcome).toBe('success');
    expect(report.outputs).toEqual({
      session_id: 'devin-4f2a',
      session_url: 'https://app.devin.ai/sessions/4f2a',
      session_status: 'running',
      session_status_detail: 'finished',
      session_outcome: 'finished',
      pull_request_url: PULL.pr_url,
      pull_requests: JSON.stringify([PULL]),
      structured_output: '{"approve":true}',
      last_message: 'All *done*.',
      acus_consumed: '2.4',
      created: 'true',
      reused: 'false',
    });
    expect(report.data).toMatchObject({ created: true, structured_output: { approve: true }, acus_consumed: 2.4 });
  });

  it('leaves out what there is not', () => {
    const { outputs, data } = sessionReport(story({ session: session({ status_detail: null }) }));
    expect(outputs).toMatchObject({
      session_status_detail: '',
      pull_request_url: '',
      pull_requests: '[]',
      structured_output: '',
    });
    expect(outputs).not.toHaveProperty('created');
    expect(data).toMatchObject({ structured_output: null, session_status_detail: null, title: null });
  });

  it('with an error is a failure that still has its outputs', () => {
    const error = new ActionError('timeout', 'late');
    expect(sessionReport(story({ error }))).toMatchObject({
      outcome: 'failure',
      error,
      outputs: { session_id: 'devin-4f2a' },
    });
  });
});
