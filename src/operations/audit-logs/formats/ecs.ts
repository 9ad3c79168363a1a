import type { AuditEvent } from '../events/event.ts';
import { preciseTime } from '../events/time.ts';
import { meaningOf } from './actions.ts';
import { actorType, dataOf, field, json, membersOf, sourceIp, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/** The version of the Elastic Common Schema. */
export const ECS_VERSION = '8.17.0';

function userOf(event: AuditEvent): Readonly<Record<string, string | undefined>> | undefined {
  const id = field(event, 'service_user_id') ?? field(event, 'user_id');
  const name = field(event, 'service_user_name');
  const email = field(event, 'user_email');
  return id === undefined && name === undefined && email === undefined ? undefined : { id, name, email };
}

/**
 * The Elastic Common Schema, one line for each event. `event.id` is the ID, `event.original` the event as it came. Devin does
 * not say whether an action succeeded, so the outcome is `unknown`. What ECS has no field for is under `devin.audit`.
 */
export const ecs: TextFormat = {
  name: 'ecs',
  extension: 'ecs.jsonl',
  head: '',
  encode(event) {
    const { category, type } = meaningOf(event.action);
    const organization = field(event, 'org_id');
    const ip = sourceIp(membersOf(event));
    const document = {
      '@timestamp': preciseTime(event.at),
      ecs: { version: ECS_VERSION },
      event: {
        kind: 'event',
        category,
        type,
        action: event.action,
        id: event.id,
        outcome: 'unknown',
        module: 'devin',
        dataset: 'devin.audit',
        original: event.json,
      },
      user: userOf(event),
      organization: organization === undefined ? undefined : { id: organization },
      source: ip === undefined ? undefined : { ip },
      observer: { vendor: 'Cognition', product: 'Devin' },
      devin: { audit: { actor_type: actorType(event), data: dataOf(event), other: unknownFields(event) } },
    };
    return `${json(document)}\n`;
  },
};
