import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { carriedPlan, carriedText, carriesPlan, MAX_CARRIED } from '../../src/reconcile/carried.ts';
import { planRecord } from '../../src/reconcile/record.ts';
import { continues, scopesOfFile } from '../../src/reconcile/reviewed.ts';
import { kept, planOf, scopeOf, wanted } from './support.ts';

const numbered = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);

describe('a plan in a comment', () => {
  test('comes back as it was, and a changed one does not', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}!?$/), { selector: (name) => name.replace('!', '') });
    fc.assert(
      fc.property(names, names, fc.string(), fc.nat(), (desired, observed, head, at) => {
        const plan = planOf(scopeOf(wanted(...desired), kept(...observed)), scopeOf(wanted('x'), [], { id: 'b' }));
        const { text, isWhole } = carriedText(plan, head);
        expect(isWhole && carriesPlan(text)).toBe(true);
        const body = `### A comment\n\n${text}\n`;
        const back = carriedPlan(body);
        expect(back).toMatchObject({ kind: 'thing', head, hash: plan.hash });
        expect(continues(plan, back?.scopes ?? [])).toBe(true);
        expect(carriedPlan(body + text)).toBeUndefined();
        const start = text.indexOf('plan ') + 5;
        const place = start + (at % (text.length - start - 4));
        const changed = text.slice(0, place) + (text[place] === 'A' ? 'B' : 'A') + text.slice(place + 1);
        // A bit that Base64 does not use may change: then the plan is the same.
        const other = carriedPlan(changed);
        if (other !== undefined) expect(other.hash).toBe(plan.hash);
      }),
    );
  });

  test('of 2,000 changes fits, and one of 3,000 carries only its hash, however alike its entries are', () => {
    const large = carriedText(planOf(scopeOf(wanted(...numbered(2_000)), [])), 'abc');
    expect(large.isWhole).toBe(true);
    expect(large.text.length).toBeLessThanOrEqual(MAX_CARRIED);
    const plan = planOf(scopeOf(wanted(...numbered(3_000)), []));
    const { text, isWhole } = carriedText(plan, 'abc');
    expect(isWhole).toBe(false);
    expect(carriedPlan(text)).toEqual({ kind: 'thing', head: 'abc', hash: plan.hash, scopes: undefined });
  });

  test('of few changes among 10,000 entries fits', () => {
    const plan = planOf(scopeOf(wanted(...numbered(10_000)), kept(...numbered(9_990))));
    expect(carriedText(plan, 'abc').isWhole).toBe(true);
  });
});

describe('a reviewed plan', () => {
  const plan = planOf(scopeOf(wanted('a', 'b'), kept('b', 'c')));
  const scopesOf = (text: string, hash = plan.hash) => scopesOfFile('thing', hash, text);
  const file = JSON.stringify(planRecord(plan));

  test('is the one of its file only if the file has its hash', () => {
    expect(scopesOf(file)).toHaveLength(1);
    expect(scopesOf(file.replace('thing a', 'thing z'))).toBeUndefined();
    expect(scopesOf(file, 'f'.repeat(64))).toBeUndefined();
    expect(scopesOf('{}')).toBeUndefined();
    expect(scopesOf('no JSON')).toBeUndefined();
    expect(scopesOfFile('other', plan.hash, file)).toBeUndefined();
  });

  test('is continued by what is left of it, and by nothing else', () => {
    const scopes = scopesOf(file) ?? [];
    expect(continues(planOf(scopeOf(wanted('a', 'b'), kept('a', 'b', 'c'))), scopes)).toBe(true);
    expect(continues(planOf(scopeOf(wanted('a', 'b'), kept('b', 'd'))), scopes)).toBe(false);
    expect(continues(planOf(scopeOf(wanted('a', 'b', 'd'), kept('b', 'c'))), scopes)).toBe(false);
    expect(continues(planOf(scopeOf(wanted('a', 'b'), kept('b', 'c'), { prune: false })), scopes)).toBe(false);
    expect(continues(planOf(scopeOf(wanted('a', 'b'), kept('b', 'c'), { id: 'z' })), scopes)).toBe(false);
  });
});
