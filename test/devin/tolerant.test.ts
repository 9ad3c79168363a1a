import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { bareId, isSameSession, prefixedId } from '../../src/contract/session-id.ts';
import type { AnswerOf } from '../../src/devin/endpoint.ts';
import { catalogue } from '../../src/devin/endpoints/index.ts';
import { listOrganizations } from '../../src/devin/endpoints/organizations.ts';
import { getSession, listSessionMessages, listSessions } from '../../src/devin/endpoints/sessions.ts';
import { documentedSchema, droppedFrom, isTolerant } from '../../src/devin/tolerant.ts';

type Session = AnswerOf<typeof getSession>;

const read = (more: object): Session => z.parse(getSession.answer(), { session_id: 'abc', ...more });

/** Any JSON value. */
const json = () => fc.jsonValue({ maxDepth: 3 });

/** Values that a member of a response may have: what is documented, what was seen, and anything else. */
const odd = () =>
  fc.oneof(
    json(),
    fc.constant(undefined),
    fc.constantFrom<unknown>(null, '', '0', 0, -1, 1.5, '1.5', 'null', '{"a":1}', '2026-01-31T08:00:00Z', [null], {}),
    fc.array(fc.record({ pr_url: json(), pr_state: json() }, { requiredKeys: [] }), { maxLength: 3 }),
  );

const MEMBERS = [
  ...['url', 'status', 'status_detail', 'title', 'tags', 'org_id', 'user_id', 'service_user_id', 'created_at'],
  ...['updated_at', 'acus_consumed', 'pull_requests', 'structured_output', 'is_archived', 'origin'],
  ...['parent_session_id', 'child_session_ids', 'playbook_id', 'automation_id', 'devin_mode', 'category'],
];

const oddSession = () =>
  fc
    .tuple(fc.stringMatching(/^[0-9a-f]{1,32}$/), fc.array(fc.tuple(fc.constantFrom(...MEMBERS), odd())))
    .map(([id, members]): Record<string, unknown> => ({ ...Object.fromEntries(members), session_id: id }));

const isTextOrNull = (value: unknown) => value === null || typeof value === 'string';
const isNumberOrNull = (value: unknown) => value === null || Number.isFinite(value);

describe('a session', () => {
  it('with an id is read, whatever the other members are', () => {
    fc.assert(
      fc.property(oddSession(), (given) => {
        const session = read(given);
        expect(session.session_id).toBe(`devin-${given['session_id']}`);
        expect(typeof session.url).toBe('string');
        expect(session.url).not.toBe('');
        expect(typeof session.status).toBe('string');
        expect(typeof session.is_archived).toBe('boolean');
        for (const list of [session.tags, session.child_session_ids]) {
          expect(list.every((entry) => typeof entry === 'string')).toBe(true);
        }
        for (const { pr_url: url, pr_state: state } of session.pull_requests) {
          expect(typeof url).toBe('string');
          expect(isTextOrNull(state)).toBe(true);
        }
        for (const name of ['status_detail', 'title', 'org_id', 'user_id', 'origin', 'playbook_id', 'category']) {
          expect(isTextOrNull(session[name]), name).toBe(true);
        }
        for (const name of ['created_at', 'updated_at', 'acus_consumed']) {
          expect(isNumberOrNull(session[name]), name).toBe(true);
        }
        expect(session.acus_consumed).not.toBe(0);
        expect(session.structured_output).not.toBeUndefined();
        expect(session.structured_output).not.toBe('null');
      }),
    );
  });

  it('without an id, or that is no object, is refused', () => {
    for (const given of [{}, { session_id: null }, { session_id: '' }, { session_id: ' ' }, [], null, 'x', 1]) {
      expect(z.safeParse(getSession.answer(), given).success, JSON.stringify(given)).toBe(false);
    }
  });

  it.each<[string, object, object]>([
    ['the bare id gets its prefix', { session_id: '4f2aB' }, { session_id: 'devin-4f2aB' }],
    ['the prefixed id stays', { session_id: 'devin-4f2a' }, { session_id: 'devin-4f2a' }],
    [
      'a missing URL is that of its page',
      { session_id: 'devin-4f2a', url: null },
      { url: 'https://app.devin.ai/sessions/4f2a' },
    ],
    ['a URL stays', { url: 'https://acme.devinenterprise.com/sessions/1' }, { url: /acme/ }],
    ['ACUs of 0 are not reported', { acus_consumed: 0 }, { acus_consumed: null }],
    ['ACUs of "0" are not reported', { acus_consumed: '0' }, { acus_consumed: null }],
    ['ACUs of null are not reported', { acus_consumed: null }, { acus_consumed: null }],
    ['ACUs that are absent are not reported', {}, { acus_consumed: null }],
    ['ACUs may be text', { acus_consumed: '2.4' }, { acus_consumed: 2.4 }],
    ['a time may have a fraction', { updated_at: 1700000000.5 }, { updated_at: 1700000000.5 }],
    ['a time may be numeric text', { created_at: '1700000000' }, { created_at: 1700000000 }],
    ['a time may be ISO text', { updated_at: '2026-01-31T08:00:00Z' }, { updated_at: 1769846400 }],
    ['a time without a zone is UTC', { updated_at: '2026-01-31T08:00:00' }, { updated_at: 1769846400 }],
    ['a time that is none is null', { created_at: 'soon', updated_at: null }, { created_at: null, updated_at: null }],
    [
      'a pull request without a URL is left out, and one without a state stays',
      { pull_requests: [{ pr_url: null }, { pr_url: 'https://x/1' }, 'junk', { pr_url: 'https://x/2', pr_state: 7 }] },
      {
        pull_requests: [
          { pr_url: 'https://x/1', pr_state: null },
          { pr_url: 'https://x/2', pr_state: '7' },
        ],
      },
    ],
    ['pull requests of null are none', { pull_requests: null }, { pull_requests: [] }],
    ['tags of null are none', { tags: null, status: null }, { tags: [], status: 'unknown' }],
    ['values that are not documented stay', { status: 'dreaming', devin_mode: 'warp' }, { status: 'dreaming' }],
    ['a user id of any form stays', { user_id: 'bot_apk' }, { user_id: 'bot_apk' }],
    ['an organization that is absent is null', {}, { org_id: null }],
    ['structured output of "null" is none', { structured_output: 'null' }, { structured_output: null }],
    ['structured output as text is parsed', { structured_output: '{"a":[1]}' }, { structured_output: { a: [1] } }],
    ['structured output that is a list stays', { structured_output: [1, 'a'] }, { structured_output: [1, 'a'] }],
    ['structured output that is a scalar stays', { structured_output: false }, { structured_output: false }],
  ])('%s', (_name, given, wanted) => {
    const session = read(given);
    for (const [name, value] of Object.entries(wanted)) {
      if (value instanceof RegExp) expect(session[name]).toMatch(value);
      else expect(session[name]).toEqual(value);
    }
  });

  it('keeps members that the documentation does not know', () => {
    expect(read({ brand_new: { a: 1 } })['brand_new']).toEqual({ a: 1 });
  });
});

describe('a list', () => {
  it('keeps every row that can be read, in its order, and knows how many it left out', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(oddSession(), json())), (rows) => {
        const good = rows.filter((row) => z.safeParse(getSession.answer(), row).success);
        const { items } = z.parse(listSessions.answer(), { items: rows });
        expect(items).toEqual(good.map((row) => z.parse(getSession.answer(), row)));
        expect(droppedFrom(items)?.count ?? 0).toBe(rows.length - good.length);
      }),
    );
  });

  it('says why it left out the first of them', () => {
    const { items } = z.parse(listSessionMessages.answer(), {
      items: [{ event_id: 'e1', message: 'hi' }, { event_id: 'e2' }, 'junk'],
    });
    expect(items).toMatchObject([{ event_id: 'e1', source: '', message: 'hi', created_at: null }]);
    expect(droppedFrom(items)).toEqual({
      count: 2,
      reason: 'message: Invalid input: expected string, received undefined',
    });
  });

  it('has to be one', () => {
    for (const given of [{}, { items: null }, { items: {} }, [], null]) {
      expect(z.safeParse(listOrganizations.answer(), given).success, JSON.stringify(given)).toBe(false);
    }
  });
});

describe('an id of a session', () => {
  it('gets its prefix once, loses it once, and is compared without it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9a-fA-F]{1,32}$/), (id) => {
        expect(prefixedId(prefixedId(id))).toBe(`devin-${id}`);
        expect(bareId(bareId(prefixedId(id)))).toBe(id);
        expect(isSameSession(id, prefixedId(id))).toBe(true);
        expect(isSameSession(`${id}0`, prefixedId(id))).toBe(false);
      }),
    );
  });
});

/** The schemas of the members, rows and values below a documented schema. */
function below(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniNullable) return [schema._zod.def.innerType];
  if (schema instanceof z.ZodMiniArray) return [schema._zod.def.element];
  if (schema instanceof z.ZodMiniRecord) return [schema._zod.def.valueType];
  if (schema instanceof z.ZodMiniObject) return Object.values<z.core.$ZodType>(schema.shape);
  return [];
}

/** Every object and closed list of values in a response that would be read strictly. */
function strictParts(schema: z.core.$ZodType): z.core.$ZodType[] {
  if (schema instanceof z.ZodMiniType && isTolerant(schema)) {
    return below(documentedSchema(schema)).flatMap(strictParts);
  }
  const isStrict = schema instanceof z.ZodMiniObject || schema instanceof z.ZodMiniEnum;
  return isStrict ? [schema] : below(schema).flatMap(strictParts);
}

describe('every response of the catalog', () => {
  it.each(catalogue.map((endpoint) => [endpoint.id, endpoint] as const))(
    '%s is read tolerantly at every depth',
    (_id, endpoint) => {
      expect(strictParts(endpoint.answer())).toEqual([]);
    },
  );
});
