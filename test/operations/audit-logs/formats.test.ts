import { existsSync, readFileSync } from 'node:fs';
import { parse as parseCsv } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AUDIT_LOG_ACTIONS } from '../../../src/devin/endpoints/audit-log-actions.ts';
import type { AuditEvent } from '../../../src/operations/audit-logs/events/event.ts';
import { parseEvent } from '../../../src/operations/audit-logs/events/parse-event.ts';
import {
  MEANINGS,
  meaningOf,
  OCSF_CLASSES,
  type OcsfClass,
} from '../../../src/operations/audit-logs/formats/actions.ts';
import { CSV_COLUMNS } from '../../../src/operations/audit-logs/formats/csv.ts';
import { parseCef } from './formats-cef-grammar.ts';
import { ocsfProblems } from './formats-ocsf-schema.ts';
import { eventOf, hostileEvent, isRecord, objectOf, textFormat } from './formats-support.ts';

const [jsonl, csv, ocsf, ecs, cef] = await Promise.all([
  textFormat('jsonl'),
  textFormat('csv'),
  textFormat('ocsf'),
  textFormat('ecs'),
  textFormat('cef'),
]);

/** A text after it went through a UTF-8 file. */
const stored = (text: string) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text));

/** A member of nested objects. */
function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner: unknown, name) => (isRecord(inner) ? inner[name] : undefined), value);
}

const scalar = (value: unknown) => (['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '');

describe('jsonl', () => {
  test('an event comes back as it was, unknown fields and all, on one line', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const line = stored(jsonl.encode(event));
        expect(line.endsWith('\n')).toBe(true);
        expect(line.slice(0, -1)).not.toMatch(/[\r\n]/);
        expect(JSON.stringify(JSON.parse(line))).toBe(JSON.stringify(event.raw));
      }),
    );
  });
});

describe('csv', () => {
  const records = (text: string): Record<string, string>[] =>
    parseCsv(text, { columns: true, record_delimiter: '\r\n' });
  const undone = (cell: string | undefined) =>
    (cell ?? '').replace(/^'('*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, '$1');

  test('a reader of RFC 4180 finds one record an event, with every cell in its column', () => {
    fc.assert(
      fc.property(fc.array(hostileEvent, { maxLength: 4 }), (events) => {
        const read = records(stored(csv.head + events.map((event) => csv.encode(event)).join('')));
        expect(read).toHaveLength(events.length);
        for (const [i, { id, action, at: seconds, raw }] of events.entries()) {
          const record = read[i] ?? {};
          expect(Object.keys(record)).toEqual(CSV_COLUMNS);
          expect(record['original']).toBe(events[i]?.json);
          expect(undone(record['audit_log_id'])).toBe(stored(id));
          expect(undone(record['action'])).toBe(stored(action));
          expect(record['created_at']).toBe(String(seconds));
          expect(Date.parse(record['time'] ?? '')).toBe(seconds * 1_000);
          expect(undone(record['user_email'])).toBe(stored(scalar(raw['user_email'])));
          const data = undone(record['data']);
          expect(data === '' ? 'null' : data).toBe(JSON.stringify(raw['data'] ?? null));
        }
      }),
    );
  });

  test('no cell is a formula for a spreadsheet, whatever separates its cells', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const [record = {}] = records(csv.head + csv.encode(event));
        for (const cell of Object.values(record)) expect(cell).not.toMatch(/^[=+\-@\t\r\n]/);
      }),
    );
    const line = csv.encode(eventOf({ user_email: 'a;=cmd()', user_id: '=HYPERLINK("http://x")' }));
    expect(line).toContain(`,"'=HYPERLINK(""http://x"")","a;=cmd()",`);
  });

  test('fields that the API does not document are in the last column', () => {
    const [record] = records(csv.head + csv.encode(eventOf({ outcome: { ok: true }, retention: 5 })));
    expect(record?.['other']).toBe('{"outcome":{"ok":true},"retention":5}');
  });
});

describe('ocsf', () => {
  const check = (event: AuditEvent) => {
    const line = stored(ocsf.encode(event));
    expect(line.slice(0, -1)).not.toMatch(/[\r\n]/);
    const value = objectOf(line);
    expect(ocsfProblems(value)).toEqual([]);
    return value;
  };

  test('any event is one of OCSF 1.3, with its id, its time in milliseconds and its original', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const value = check(event);
        expect(at(value, 'metadata', 'uid')).toBe(event.id);
        expect(value['time']).toBe(event.at * 1_000);
        expect(JSON.stringify(objectOf(String(value['raw_data'])))).toBe(JSON.stringify(event.raw));
        expect(JSON.stringify(at(value, 'unmapped', 'data') ?? null)).toBe(JSON.stringify(event.raw['data'] ?? null));
      }),
    );
  });

  test.each(AUDIT_LOG_ACTIONS)('%s is an event of its class', (action) => {
    for (const data of [{}, { target_user_id: 'u', role: 'admin', group_id: 'g', name: 'n' }]) {
      const value = check(eventOf({ action, data }));
      const { ocsf: name, activity } = meaningOf(action);
      expect(value['class_uid']).toBe(OCSF_CLASSES[name].uid);
      expect(value['type_uid']).toBe(OCSF_CLASSES[name].uid * 100 + activity);
    }
  });

  test('an action that nobody has documented yet is a base event, and keeps everything', () => {
    const value = check(eventOf({ action: 'teleport_session', novelty: [1] }));
    expect(value).toMatchObject({
      class_uid: 0,
      category_uid: 0,
      activity_id: 99,
      type_uid: 99,
      unmapped: { novelty: [1], actor: { user: { uid: 'user-1' } } },
    });
  });

  test('the official schema decides: an attribute of a profile or of another class is an error, and so is an unknown one', () => {
    const base = check(eventOf({ action: 'teleport_session' }));
    expect(ocsfProblems({ ...base, actor: { app_name: 'Devin' } })).toEqual(['event.actor is unknown']);
    const role = check(eventOf({ action: 'create_role' }));
    expect(role['metadata']).toMatchObject({ profiles: ['host'] });
    expect(ocsfProblems({ ...role, metadata: { version: '1.3.0', product: { name: 'x', vendor_name: 'x' } } })).toEqual(
      ['event.actor is unknown'],
    );
    expect(ocsfProblems({ ...role, color: 'red', entity: {} })).toHaveLength(2);
  });

  test('an event that is longer than a text may be keeps its original in unmapped', () => {
    const event = eventOf({ data: { note: 'x'.repeat(70_000) } });
    const value = check(event);
    expect([value['raw_data'], at(value, 'unmapped', 'original')]).toEqual([undefined, event.json]);
  });

  test('texts of an event that are longer than one of OCSF may be are cut, and whole in unmapped', () => {
    const [name, target] = ['n'.repeat(70_000), 't'.repeat(65_535)];
    const value = check(eventOf({ action: 'create_role', user_email: `${name}@b.c`, data: { name, role_id: target } }));
    expect(at(value, 'entity', 'name')).toBe(name.slice(0, 65_535));
    expect(at(value, 'entity', 'uid')).toBe(target);
    expect(at(value, 'unmapped', 'data', 'name')).toBe(name);
  });

  test('numbers that JavaScript cannot represent keep their digits in OCSF, ECS, CSV, and CEF', () => {
    const event = parseEvent(JSON.stringify(eventOf().raw).replace('"devin-1"', '[12345678901234567890,1.50]'), false);
    for (const format of [jsonl, csv, ocsf, ecs, cef])
      expect(format.encode(event)).toContain('[12345678901234567890,1.50]');
  });

  test('no address is made up: one that the event names is used, any other is not', () => {
    expect(check(eventOf())['src_endpoint']).toEqual({ svc_name: 'Devin' });
    expect(check(eventOf({ data: { source_ip: '192.0.2.7' } }))['src_endpoint']).toEqual({ ip: '192.0.2.7' });
    expect(check(eventOf({ data: { source_ip: 'nowhere' } }))['src_endpoint']).toEqual({ svc_name: 'Devin' });
    expect(check(eventOf({ action: 'login' }))['src_endpoint']).toBeUndefined();
  });

  test('the actor is the user or the service user, and nobody else where the event names neither', () => {
    const nobody = { user_id: null, user_email: null };
    expect(check(eventOf())['actor']).toMatchObject({ user: { uid: 'user-1', type_id: 1 } });
    const service = { ...nobody, service_user_id: 'su-1', service_user_name: 'ci-bot' };
    expect(check(eventOf(service))['actor']).toEqual({
      user: { type_id: 99, type: 'Service User', uid: 'su-1', name: 'ci-bot' },
    });
    expect(check(eventOf(nobody))['actor']).toEqual({ app_name: 'Devin' });
  });
});

/** Types that ECS allows for each category, of those that this project uses. */
const ECS_TYPES: Readonly<Record<string, readonly string[]>> = {
  api: ['access', 'admin', 'allowed', 'change', 'creation', 'deletion', 'denied', 'end', 'info', 'start', 'user'],
  authentication: ['start', 'end', 'info'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  intrusion_detection: ['allowed', 'denied', 'info'],
};

describe('ecs', () => {
  test('an event has its id, time and original where Elasticsearch looks for them', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const line = stored(ecs.encode(event));
        expect(line.slice(0, -1)).not.toMatch(/[\r\n]/);
        const value = objectOf(line);
        expect(at(value, 'event', 'id')).toBe(event.id);
        expect(at(value, 'event', 'action')).toBe(event.action);
        expect(Date.parse(String(value['@timestamp']))).toBe(event.at * 1_000);
        expect(JSON.stringify(objectOf(String(at(value, 'event', 'original'))))).toBe(JSON.stringify(event.raw));
        expect(at(value, 'event', 'outcome')).toBe('unknown');
      }),
    );
  });

  test('every action has categories of ECS, and types that go with them', () => {
    for (const [action, { category, type }] of MEANINGS) {
      const allowed = category.flatMap((name) => ECS_TYPES[name] ?? [`no category ${name}`]);
      for (const one of type) expect(allowed, action).toContain(one);
      expect(type.length).toBeGreaterThan(0);
    }
  });

  test('users, service users, organizations and addresses are in their fields', () => {
    const value = objectOf(ecs.encode(eventOf({ data: { ip: '2001:db8::1' }, novelty: 1 })));
    expect(value).toMatchObject({
      user: { id: 'user-1', email: 'octocat@example.com' },
      organization: { id: 'org-1' },
      source: { ip: '2001:db8::1' },
      devin: { audit: { actor_type: 'user', data: { ip: '2001:db8::1' }, other: { novelty: 1 } } },
    });
  });
});

describe('cef', () => {
  /** What CEF can hold of a text: signs that do not show are spaces. */
  const shown = (text: string) =>
    stored(text).replace(/[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');

  test('any event is one line that a reader of CEF takes apart again', () => {
    fc.assert(
      fc.property(hostileEvent, (event) => {
        const line = stored(cef.encode(event));
        const { header, extension } = parseCef(line.replace(/\n$/, ''));
        expect(header.slice(0, 4)).toEqual(['CEF:0', 'Cognition', 'Devin', 'v3']);
        expect(header[4]).toBe(shown(event.action).replace(/[\r\n]/g, ' '));
        expect(Number(header[6])).toBeGreaterThanOrEqual(0);
        expect(Number(header[6])).toBeLessThanOrEqual(10);
        expect(extension.get('externalId')).toBe(shown(event.id));
        expect(extension.get('act')).toBe(shown(event.action));
        expect(extension.get('rt')).toBe(String(event.at * 1_000));
        const data = event.raw['data'] ?? null;
        expect(JSON.stringify(JSON.parse(extension.get('msg') ?? 'null'))).toBe(JSON.stringify(data));
        // Everything else is in one of these keys, or in cs3 with its exact value.
        const others = objectOf(extension.get('cs3') ?? '{}');
        const keys = { externalId: ['audit_log_id'], act: ['action'], cs1: ['org_id'] };
        const shared = { suid: ['service_user_id', 'user_id'], suser: ['service_user_name', 'user_email'] };
        for (const [key, names] of Object.entries({ ...keys, ...shared })) {
          for (const name of names) {
            const value = Object.hasOwn(others, name) ? others[name] : (extension.get(key) ?? null);
            const isTold = event.raw[name] === null || JSON.stringify(value) === JSON.stringify(event.raw[name]);
            expect({ key, name, isTold }).toEqual({ key, name, isTold: true });
          }
        }
      }),
    );
  });

  test('text of an event cannot pose as a key', () => {
    const { extension } = parseCef(cef.encode(eventOf({ user_email: 'x act=delete_org' })).trimEnd());
    expect(extension.get('act')).toBe('create_session');
    expect(extension.get('suser')).toBe('x act=delete_org');
  });
});

describe('the table of actions', () => {
  test('has every documented action, and no other', () => {
    expect([...MEANINGS.keys()].sort()).toEqual([...AUDIT_LOG_ACTIONS].sort());
  });

  test('uses activities that their classes have', () => {
    for (const [action, { ocsf: name, activity }] of MEANINGS) {
      const { activities }: OcsfClass = OCSF_CLASSES[name];
      if (activity !== 99) expect(Object.keys(activities), action).toContain(String(activity));
    }
  });

  const REFERENCE = new URL('../../../../shared/reference/devin-api/openapi.json', import.meta.url);
  test.runIf(existsSync(REFERENCE))('has every action of the reference', () => {
    const document = objectOf(readFileSync(REFERENCE, 'utf8'));
    const actions = at(document, 'components', 'schemas', 'AuditLogAction', 'enum');
    expect(Array.isArray(actions) && actions.length).toBeGreaterThan(90);
    expect([...MEANINGS.keys()]).toEqual(expect.arrayContaining(Array.isArray(actions) ? actions : []));
  });
});

test('the same events give the same bytes, whatever was written before', () => {
  fc.assert(
    fc.property(fc.array(hostileEvent, { minLength: 2, maxLength: 4 }), (events) => {
      for (const format of [jsonl, csv, ocsf, ecs, cef]) {
        const there = events.map((event) => format.encode(event));
        const back = [...events].reverse().map((event) => format.encode(event));
        expect(back.reverse()).toEqual(there);
      }
    }),
  );
});
