import type { AuditEvent } from '../events/event.ts';
import { meaningOf } from './actions.ts';
import { actorType, dataOf, field, isoTime, json, original, sourceIp, unknownFields } from './fields.ts';
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
 * The Elastic Common Schema, one event a line. `event.id` is the id to de-duplicate by, `event.original` the event as it
 * came. Devin does not say whether an action succeeded, so the outcome is `unknown`. What ECS has no field for is under
 * `devin.audit`.
 */
export const ecs: TextFormat = {
  name: 'ecs',
  extension: 'ecs.jsonl',
  head: '',
  isJson: true,
  encode(event) {
    const { category, type } = meaningOf(event.action);
    const organization = field(event, 'org_id');
    const ip = sourceIp(dataOf(event));
    const document = {
      '@timestamp': isoTime(event.at),
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
        original: original(event),
      },
      user: userOf(event),
      organization: organization === undefined ? undefined : { id: organization },
      source: ip === undefined ? undefined : { ip },
      observer: { vendor: 'Cognition', product: 'Devin' },
    };
    const data = event.raw['data'];
    const dataMember = data === undefined || data === null ? '' : `,"data":${json(data)}`;
    const other = unknownFields(event);
    const otherMember = other === undefined ? '' : `,"other":${other}`;
    const own = `{"actor_type":"${actorType(event)}"${dataMember}${otherMember}}`;
    return `${json(document).slice(0, -1)},"devin":{"audit":${own}}}\n`;
  },
};
