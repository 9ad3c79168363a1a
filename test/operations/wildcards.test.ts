import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPattern, nameTest, pathTest } from '../../src/operations/wildcards.ts';

describe('a pattern', () => {
  test.each([
    ['acme/web-*', 'acme/web-app', true],
    ['acme/web-*', 'acme/web-', true],
    ['acme/web-*', 'acme/web-app/inner', false],
    ['acme/**', 'acme/a/b/c', true],
    ['acme/*/api', 'acme/team/api', true],
    ['acme/*/api', 'acme/api', false],
    ['acme/?pi', 'acme/api', true],
    ['acme/?pi', 'acme//pi', false],
    ['ACME/Web-*', 'acme/web-app', true],
    ['acme/a.c', 'acme/abc', false],
    ['acme/[a]', 'acme/a', false],
    ['acme/web', 'acme/web-app', false],
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
  ])('%j and %j: %j', (pattern, path, expected) => {
    expect(pathTest(pattern)(path)).toBe(expected);
  });

  test('matches as the same regular expression does', () => {
    const signs = fc.constantFrom('a', 'b', '/', '*', '**', '?', '.', '+');
    const pattern = fc.array(signs, { maxLength: 8 }).map((parts) => parts.join('').replace(/\*{3,}/g, '**'));
    const path = fc.array(fc.constantFrom('a', 'b', '/', '.', '+'), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, path, (glob, text) => {
        const source = glob.replace(/\*\*|[*?]|[^*?]/g, (part) =>
          part === '**' ? '.*' : part === '*' ? '[^/]*' : part === '?' ? '[^/]' : part.replace(/[.+/]/, '\\$&'),
        );
        expect(pathTest(glob)(text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
    );
  });

  test('of stars alone takes no time that grows out of hand', () => {
    const test = pathTest(`${'*a'.repeat(100)}b`);
    expect(test('a'.repeat(1_000))).toBe(false);
  });

  test('is told from a path', () => {
    expect([isPattern('acme/web-*'), isPattern('acme/a?'), isPattern('acme/api')]).toEqual([true, true, false]);
  });
});

describe('patterns of names', () => {
  test.each([
    [['login'], 'login', true],
    [['login'], 'Login', false],
    [['create_*'], 'create_session', true],
    [['create_*'], 'recreate_session', false],
    [['*_key', 'login'], 'create_org_api_key', true],
    [['a*a'], 'a', false],
    [['log?n'], 'login', false],
    [['*'], '', true],
    [[], 'login', false],
  ])('%j and %j: %j', (patterns, name, expected) => {
    expect(nameTest(patterns)(name)).toBe(expected);
  });

  test('match as the same regular expression does', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '.'), { maxLength: 8 }).map((parts) => parts.join(''));
    const name = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 10 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, name, (given, text) => {
        const source = given.replaceAll('.', '\\.').replaceAll('*', '.*');
        expect(nameTest([given])(text)).toBe(new RegExp(`^${source}$`).test(text));
      }),
    );
  });
});
