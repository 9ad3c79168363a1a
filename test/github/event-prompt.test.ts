import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eventPrompt, promptNonce } from '../../src/github/event/prompt.ts';
import { findTrigger } from '../../src/github/event/trigger.ts';
import { CASES } from '../injections/cases.ts';
import { anyText } from '../runner/support.ts';
import { commentPayload, eventOf } from './support.ts';

const NONCE = '7d1f0c2e9b3a4856';
const FORM = { attachments: [], nonce: NONCE, maxBytes: 100_000 };
const commented = (body: string) => {
  const event = eventOf('issue_comment', commentPayload({ body }));
  return { event, trigger: findTrigger(body, '/devin'), extra: [] };
};
const block = (label: string, text: string) => `----- data ${NONCE}: ${label} -----\n${text}\n----- end ${NONCE} -----`;

describe('the prompt about an event', () => {
  it('has the instruction first, then the facts, then what is from outside within the fence', () => {
    const { prompt, cuts } = eventPrompt({ ...FORM, ...commented('/devin fix it'), instruction: 'Do this.\n' });
    expect(cuts).toEqual([]);
    expect(prompt).toBe(
      [
        'Do this.',
        [
          'What happened on GitHub:',
          '- event: issue_comment',
          '- action: created',
          '- repository: acme/api',
          '- caused by: @octocat',
          '- issue: https://github.com/acme/api/issues/12',
          '- author of the issue: @reporter',
          '- author of the comment: @octocat',
          '- association of that author: MEMBER',
          '- comment: https://github.com/acme/api/issues/12#issuecomment-7',
        ].join('\n'),
        expect.any(String),
        block('request', 'fix it'),
        block('issue: title', 'Title'),
        block('issue: description', 'Issue'),
      ]
        .map((piece) =>
          typeof piece === 'string' ? piece : prompt.slice(prompt.indexOf('Each block'), prompt.indexOf(`\n\n-----`)),
        )
        .join('\n\n'),
    );
  });

  it('asks on its own where the author of the workflow says nothing', () => {
    expect(eventPrompt({ ...FORM, ...commented('/devin fix it') }).prompt).toMatch(/^Carry out the request below/);
    expect(eventPrompt({ ...FORM, ...commented('/devin') }).prompt).toMatch(/^Look into the event below/);
    expect(eventPrompt({ ...FORM, ...commented('hello'), instruction: ' \n' }).prompt).toMatch(/^Look into the event/);
  });

  it('keeps the whole comment where there is more in it than the request', () => {
    const { prompt } = eventPrompt({ ...FORM, ...commented('The test fails.\n\n/devin fix it') });
    expect(prompt).toContain(block('request', 'fix it'));
    expect(prompt).toContain(block('comment', 'The test fails.\n\n/devin fix it'));
  });

  it('shows nothing hidden of any published case, and keeps it all within the fence', () => {
    for (const { text, gone, stays } of CASES) {
      const { prompt } = eventPrompt({ ...FORM, ...commented(`/devin look\n\n${text}`) });
      const outside = prompt.slice(0, prompt.indexOf(`\n\n----- data ${NONCE}: request -----`));
      for (const hidden of gone) expect(prompt.replaceAll('/devin look', '')).not.toContain(hidden);
      for (const seen of stays) expect(prompt).toContain(seen);
      expect(outside).not.toContain('print all secrets');
    }
  });

  it('keeps logs and diffs letter by letter', () => {
    const log = { label: 'log', text: '<img alt="x"> [a]: b "c"', verbatim: true };
    expect(eventPrompt({ ...FORM, ...commented(''), extra: [log] }).prompt).toContain(block('log', log.text));
  });

  it('names what is attached', () => {
    const { prompt } = eventPrompt({ ...FORM, ...commented(''), attachments: ['job-1.log', 'a\nb\u202e.log'] });
    expect(prompt).toContain('data from GitHub:\n- job-1.log\n- a b.log\n');
  });
});

describe('a prompt that would be too large', () => {
  it('is never larger than allowed, and the instruction stays whole', () => {
    const texts = fc.array(fc.tuple(fc.nat(4_000), anyText(5)), { maxLength: 12 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 2_500, max: 12_000 }), fc.nat(500), (sizes, maxBytes, words) => {
        const extra = sizes.map(([size, end], at) => ({ label: `part ${at}`, text: `${'é'.repeat(size)}${end}` }));
        const instruction = `Do${'!'.repeat(words)}`;
        const { prompt, cuts } = eventPrompt({ ...FORM, ...commented('/devin x'), instruction, extra, maxBytes });
        expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(maxBytes);
        expect(prompt.startsWith(`${instruction}\n\n`)).toBe(true);
        expect(prompt).toContain(block('request', 'x'));
        const closed = prompt.split('\n').filter((line) => line === `----- end ${NONCE} -----`).length;
        const opened = prompt.split('\n').filter((line) => line.startsWith(`----- data ${NONCE}: `)).length;
        expect(closed).toBe(opened);
        const whole = sizes.every(([size, end]) => prompt.includes(`${'é'.repeat(size)}${end}`));
        if (cuts.length === 0 && sizes.every(([, end]) => /^[a-z]*$/.test(end))) expect(whole).toBe(true);
      }),
    );
  });

  it('loses of its biggest parts first, and says so in our own words', () => {
    const extra = [
      { label: 'big', text: 'b'.repeat(50_000) },
      { label: 'small', text: 's'.repeat(500) },
      { label: 'huge', text: 'h'.repeat(90_000) },
    ];
    const { prompt, cuts } = eventPrompt({ ...FORM, ...commented('/devin x'), extra, maxBytes: 20_000 });
    expect(prompt).toContain('s'.repeat(500));
    expect(cuts).toEqual([
      expect.stringMatching(/^big: cut after 8,\d{3} of 50,000 bytes$/),
      expect.stringMatching(/^huge: cut after 8,\d{3} of 90,000 bytes$/),
    ]);
    expect(prompt).toMatch(
      new RegExp(`^----- data ${NONCE}: big \\(cut after 8,\\d{3} of 50,000 bytes\\) -----$`, 'm'),
    );
  });

  it('leaves parts out where not even their fences fit, and counts them', () => {
    const extra = Array.from({ length: 200 }, (_, at) => ({ label: `part ${at}`, text: 'x'.repeat(100) }));
    const { prompt, cuts } = eventPrompt({ ...FORM, ...commented('/devin x'), extra, maxBytes: 8_000 });
    expect(Buffer.byteLength(prompt)).toBeLessThanOrEqual(8_000);
    expect(prompt).toMatch(/\n\d+ more parts did not fit and are left out\.\n/);
    expect(cuts.at(-1)).toBe('part 199: left out, 100 bytes');
    const long = 'Do it. '.repeat(2_000);
    expect(eventPrompt({ ...FORM, ...commented('/devin x'), instruction: long, maxBytes: 1_000 }).prompt).toContain(
      long.trim(),
    );
  });
});

describe('the nonce', () => {
  it('is one that no text of the prompt holds, also after it was cleaned', () => {
    const draws = ['k0000001', 'k0000002', 'k0000003'];
    const request = { ...commented('k000\u200b0001'), extra: [{ label: 'log', text: 'k0000002' }] };
    expect(promptNonce(request, () => draws.shift() ?? '')).toBe('k0000003');
  });

  it('changes nothing but itself', () => {
    const one = eventPrompt({ ...FORM, ...commented('/devin x') }).prompt;
    const other = eventPrompt({ ...FORM, ...commented('/devin x'), nonce: '0000111122223333' }).prompt;
    expect(other).toBe(one.replaceAll(NONCE, '0000111122223333'));
  });
});
