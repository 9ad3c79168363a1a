import { isRecord } from '../../../contract/json.ts';
import type { AuditEvent } from '../events/event.ts';
import { msOf, preciseTime } from '../events/time.ts';
import { type ClassName, type Meaning, meaningOf, OCSF_CLASSES, SEVERITIES } from './actions.ts';
import { dataOf, field, firstOf, json, membersOf, sourceIp, titleOf, unknownFields } from './fields.ts';
import type { TextFormat } from './format.ts';

/** The version of OCSF: the newest one that Amazon Security Lake accepts. */
export const OCSF_VERSION = '1.3.0';

/** The longest text of OCSF, in characters. */
const MAX_TEXT = 65_535;

type Data = Readonly<Record<string, unknown>> | undefined;
type Members = Readonly<Record<string, unknown>>;

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

/** What OCSF accepts as an email address. */
const EMAIL = /^[a-zA-Z0-9!#$%&'*+\-/=?^_`{|}~.]+@[a-zA-Z0-9-]+\.[a-zA-Z0-9-.]+$/;

/** An ID and a name, of which OCSF demands at least one. */
const named = (uid: string | undefined, name: string | undefined): Members => ({
  uid,
  name: name ?? (uid === undefined ? 'Unknown' : undefined),
});

/** Who acted. OCSF 1.3 has no type for a service, hence 99. */
function actingUser(event: AuditEvent): Members | undefined {
  const serviceId = field(event, 'service_user_id');
  const serviceName = field(event, 'service_user_name');
  if (serviceId !== undefined || serviceName !== undefined) {
    return { type_id: 99, type: 'Service User', ...named(serviceId, serviceName) };
  }
  const email = field(event, 'user_email');
  const id = field(event, 'user_id');
  if (id === undefined && email === undefined) return undefined;
  const isAddress = email !== undefined && email.length <= MAX_TEXT && EMAIL.test(email);
  return { type_id: 1, type: 'User', ...named(id, email), email_addr: isAddress ? email : undefined };
}

const affectedUser = (data: Data): Members => ({
  type_id: 0,
  type: 'Unknown',
  ...named(firstOf(data, ABOUT.userId), firstOf(data, ABOUT.userName)),
});

/** What a class demands in addition to the base event. */
const CLASS_MEMBERS: Readonly<
  Record<ClassName, (event: AuditEvent, data: Data, user: Members | undefined) => Members>
> = {
  base: () => ({}),
  account: (_, data) => ({ user: affectedUser(data) }),
  authentication: (_, data, user) => ({ user: user ?? affectedUser(data), service: { name: 'Devin' } }),
  entity: (_, data) => ({
    entity: { type_id: 99, type: 'Role', ...named(firstOf(data, ABOUT.roleId), firstOf(data, ABOUT.roleName)) },
  }),
  access: (_, data) => ({ user: affectedUser(data), privileges: [firstOf(data, ABOUT.privileges) ?? 'Unknown'] }),
  group(event, data) {
    const uid = firstOf(data, ABOUT.groupId) ?? field(event, 'org_id');
    return { group: { type: 'Group', ...named(uid, firstOf(data, ABOUT.groupName)) }, user: affectedUser(data) };
  },
  api: ({ action }) => ({ api: { operation: action, service: { name: 'Devin' } } }),
};

/** Classes that know an actor only by the profile `host`. */
const ACTOR_BY_PROFILE: ReadonlySet<ClassName> = new Set(['entity', 'access', 'group']);

function classification({ action }: AuditEvent, { ocsf, activity, severity }: Meaning): Members {
  const { uid, name, category, categoryName, activities } = OCSF_CLASSES[ocsf];
  const names: Readonly<Record<number, string>> = activities;
  const title = titleOf(action);
  return {
    activity_id: activity,
    // With 99, the name is the source's own.
    activity_name: names[activity] ?? (title || 'Other'),
    category_uid: category,
    category_name: categoryName,
    class_uid: uid,
    class_name: name,
    type_uid: uid * 100 + activity,
    severity_id: SEVERITIES[severity].id,
    severity: SEVERITIES[severity].name,
    message: title,
  };
}

function metadata(event: AuditEvent, ocsf: ClassName): Members {
  return {
    version: OCSF_VERSION,
    product: { name: 'Devin', vendor_name: 'Cognition' },
    profiles: ACTOR_BY_PROFILE.has(ocsf) ? ['host'] : undefined,
    log_name: 'audit-logs',
    event_code: event.action,
    uid: event.id,
    original_time: preciseTime(event.at),
    tenant_uid: field(event, 'org_id'),
  };
}

/** Where a request came from. API Activity demands an endpoint: without an address, only the service is known. */
function endpointOf(ocsf: ClassName, ip: string | undefined): Members | undefined {
  if (ip !== undefined) return { ip };
  return ocsf === 'api' ? { svc_name: 'Devin' } : undefined;
}

/** A copy whose texts are no longer than OCSF allows; `unmapped` has them whole. */
function shortened(members: Members): Members {
  const short = (value: unknown): unknown => {
    if (typeof value === 'string') return value.slice(0, MAX_TEXT);
    if (Array.isArray(value)) return value.map(short);
    return isRecord(value) ? shortened(value) : value;
  };
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, short(value)]));
}

/** What has no place of its own in OCSF. `more` has what only the base event has no place for. */
function unmapped(event: AuditEvent, more: Members): Members | undefined {
  const original = event.json.length > MAX_TEXT ? { original: event.json } : {};
  const members = { ...more, data: dataOf(event), ...unknownFields(event), ...original };
  return Object.values(members).some((value) => value !== undefined) ? members : undefined;
}

/**
 * OCSF 1.3, one line for each event. `metadata.uid` is the ID; `raw_data` is the event as it came, or `unmapped.original` if it
 * is longer than a text of OCSF may be.
 */
export const ocsf: TextFormat = {
  name: 'ocsf',
  extension: 'ocsf.jsonl',
  head: '',
  encode(event) {
    const meaning = meaningOf(event.action);
    const isBase = meaning.ocsf === 'base';
    const data = membersOf(event);
    const user = actingUser(event);
    const context = {
      actor: user === undefined ? { app_name: 'Devin' } : { user },
      src_endpoint: endpointOf(meaning.ocsf, sourceIp(data)),
    };
    const isLong = event.json.length > MAX_TEXT;
    const members = {
      ...classification(event, meaning),
      metadata: metadata(event, meaning.ocsf),
      time: msOf(event.at),
      ...(isBase ? {} : context),
      ...CLASS_MEMBERS[meaning.ocsf](event, data, user),
    };
    const document = {
      ...(isLong ? shortened(members) : members),
      raw_data: isLong ? undefined : event.json,
      unmapped: unmapped(event, isBase ? context : {}),
    };
    return `${json(document)}\n`;
  },
};
