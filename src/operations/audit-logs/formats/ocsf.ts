import type { AuditEvent } from '../events/event.ts';
import { type ClassName, meaningOf, OCSF_CLASSES, SEVERITIES } from './actions.ts';
import { dataOf, field, firstOf, isoTime, json, original, quoted, sourceIp, titleOf, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/** The version of OCSF: the newest one that Amazon Security Lake takes. */
export const OCSF_VERSION = '1.3.0';

type Data = Readonly<Record<string, unknown>> | undefined;

/** Names under which `data` may say whom or what an action was about. */
const ABOUT = {
  userId: ['target_user_id', 'member_id', 'user_id', 'service_user_id'],
  userName: ['target_user_email', 'member_email', 'user_email', 'email', 'service_user_name', 'name'],
  privileges: ['role_name', 'role', 'role_id'],
  groupId: ['group_id', 'idp_group_id', 'org_id'],
  groupName: ['group_name', 'idp_group_name', 'name'],
  roleId: ['role_id', 'id'],
  roleName: ['role_name', 'name'],
} as const;

/** Members of a JSON object out of those that are known, each with its comma in front. */
const member = (name: string, value: string | undefined) => (value === undefined ? '' : `,"${name}":${quoted(value)}`);

/** A user object. OCSF wants a name or a uid, so one of whom nothing is known is called so. */
function user(typeId: number, type: string, uid: string | undefined, name: string | undefined, email = ''): string {
  const known = member('uid', uid) + member('name', name ?? (uid === undefined ? 'Unknown' : undefined));
  return `{"type_id":${typeId},"type":"${type}"${known}${email === '' ? '' : member('email_addr', email)}}`;
}

/** Who acted. OCSF 1.3 has no type for a service, hence 99. */
function actingUser(event: AuditEvent): string | undefined {
  const serviceId = field(event, 'service_user_id');
  const serviceName = field(event, 'service_user_name');
  if (serviceId !== undefined || serviceName !== undefined) return user(99, 'Service User', serviceId, serviceName);
  const email = field(event, 'user_email');
  const id = field(event, 'user_id');
  return id === undefined && email === undefined ? undefined : user(1, 'User', id, email, email);
}

const affectedUser = (data: Data) => {
  const uid = firstOf(data, ABOUT.userId);
  const name = firstOf(data, ABOUT.userName);
  return user(0, 'Unknown', uid, name);
};

/** An object that OCSF wants to have a name or a uid. */
function named(type: string, uid: string | undefined, name: string | undefined): string {
  return `{"type":"${type}"${member('uid', uid)}${member('name', name ?? (uid === undefined ? 'Unknown' : undefined))}}`;
}

/** What a class demands beyond the base event, each member with its comma in front. */
const CLASS_MEMBERS: Readonly<
  Record<ClassName, (event: AuditEvent, data: Data, actor: string | undefined, ip: string | undefined) => string>
> = {
  base: () => '',
  account: (_, data) => `,"user":${affectedUser(data)}`,
  authentication: (_, data, actor) => `,"user":${actor ?? affectedUser(data)},"service":{"name":"Devin"}`,
  entity: (_, data) => `,"entity":${named('Role', firstOf(data, ABOUT.roleId), firstOf(data, ABOUT.roleName))}`,
  access(_, data) {
    const privilege = firstOf(data, ABOUT.privileges);
    return `,"user":${affectedUser(data)},"privileges":[${privilege === undefined ? '' : json(privilege)}]`;
  },
  group(event, data) {
    const uid = firstOf(data, ABOUT.groupId) ?? field(event, 'org_id');
    return `,"group":${named('Group', uid, firstOf(data, ABOUT.groupName))},"user":${affectedUser(data)}`;
  },
  api: ({ action }, _, __, ip) =>
    `,"api":{"operation":${quoted(action)},"service":{"name":"Devin"}}${
      // The class demands an endpoint. Without an address only the service is known; none is made up.
      ip === undefined ? ',"src_endpoint":{"svc_name":"Devin"}' : ''
    }`,
};

/** Beginnings of the lines, by action: what does not depend on the event is written once. */
const heads = new Map<string, string>();
/** Actions are an open list, so somebody could send ever new ones. */
const MAX_HEADS = 1_000;

function makeHead(action: string): string {
  const { ocsf, activity, severity } = meaningOf(action);
  const { uid, name, category, categoryName, activities } = OCSF_CLASSES[ocsf];
  const names: Readonly<Record<number, string>> = activities;
  const { id: severityId, name: severityName } = SEVERITIES[severity];
  const fixed = {
    activity_id: activity,
    // With 99, the name is the source's own.
    activity_name: names[activity] ?? (titleOf(action) || 'Other'),
    category_uid: category,
    category_name: categoryName,
    class_uid: uid,
    class_name: name,
    type_uid: uid * 100 + activity,
    severity_id: severityId,
    severity: severityName,
    message: titleOf(action),
  };
  const metadata = {
    version: OCSF_VERSION,
    product: { name: 'Devin', vendor_name: 'Cognition' },
    log_name: 'audit-logs',
    event_code: action,
  };
  return `${json(fixed).slice(0, -1)},"metadata":${json(metadata).slice(0, -1)}`;
}

function headOf(action: string): string {
  const known = heads.get(action);
  if (known !== undefined) return known;
  const made = makeHead(action);
  if (heads.size < MAX_HEADS) heads.set(action, made);
  return made;
}

/** What has no place of its own in OCSF: the event's `data`, and fields that the API does not document. */
function unmapped(event: AuditEvent): string {
  const data = event.raw['data'];
  const other = unknownFields(event);
  if ((data === undefined || data === null) && other === undefined) return '';
  const inside = data === undefined || data === null ? '' : `"data":${json(data)}`;
  const rest = other === undefined ? '' : other.slice(1, -1);
  return `,"unmapped":{${inside}${inside !== '' && rest !== '' ? ',' : ''}${rest}}`;
}

/** OCSF 1.3, one event a line. `metadata.uid` is the id to de-duplicate by; `raw_data` is the event as it came. */
export const ocsf: TextFormat = {
  name: 'ocsf',
  extension: 'ocsf.jsonl',
  head: '',
  isJson: true,
  encode(event) {
    const data = dataOf(event);
    const actor = actingUser(event);
    const ip = sourceIp(data);
    const members = CLASS_MEMBERS[meaningOf(event.action).ocsf](event, data, actor, ip);
    const metadata = `${member('uid', event.id)}${member('original_time', isoTime(event.at))}`;
    const tenant = member('tenant_uid', field(event, 'org_id'));
    const source = ip === undefined ? '' : `,"src_endpoint":{"ip":"${ip}"}`;
    const acting = actor === undefined ? '{"app_name":"Devin"}' : `{"user":${actor}}`;
    const time = Math.round(event.at * 1_000);
    return `${headOf(event.action)}${metadata}${tenant}},"time":${time},"actor":${acting}${members}${source},"raw_data":${json(original(event))}${unmapped(event)}}\n`;
  },
};
