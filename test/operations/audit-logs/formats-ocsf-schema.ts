import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

const text = { type: 'string', minLength: 1 };
const nameOrUid = { anyOf: [{ required: ['name'] }, { required: ['uid'] }] };

const user = {
  type: 'object',
  ...nameOrUid,
  properties: {
    uid: text,
    name: text,
    email_addr: text,
    type: { type: 'string' },
    type_id: { enum: [0, 1, 2, 3, 99] },
  },
  additionalProperties: false,
};

const named = {
  type: 'object',
  ...nameOrUid,
  properties: { uid: text, name: text, type: text },
  additionalProperties: false,
};

const service = { type: 'object', required: ['name'], properties: { name: text }, additionalProperties: false };

/** The members of the base event that this project writes, and which of them OCSF 1.3 demands. */
const base = {
  type: 'object',
  required: ['activity_id', 'category_uid', 'class_uid', 'metadata', 'severity_id', 'time', 'type_uid'],
  properties: {
    activity_id: { type: 'integer' },
    activity_name: text,
    category_uid: { type: 'integer' },
    category_name: text,
    class_uid: { enum: [0, 3001, 3002, 3004, 3005, 3006, 6003] },
    class_name: text,
    type_uid: { type: 'integer' },
    severity_id: { enum: [0, 1, 2, 3, 4, 5, 6, 99] },
    severity: text,
    message: { type: 'string' },
    time: { type: 'integer' },
    raw_data: text,
    unmapped: { type: 'object' },
    metadata: {
      type: 'object',
      required: ['product', 'version'],
      properties: {
        version: { const: '1.3.0' },
        uid: text,
        event_code: { type: 'string' },
        log_name: text,
        original_time: text,
        tenant_uid: text,
        product: {
          type: 'object',
          required: ['vendor_name'],
          properties: { name: text, vendor_name: text },
          additionalProperties: false,
        },
      },
      additionalProperties: false,
    },
    actor: {
      type: 'object',
      anyOf: [{ required: ['user'] }, { required: ['app_name'] }],
      properties: { user, app_name: text },
      additionalProperties: false,
    },
    user,
    entity: named,
    group: named,
    service,
    privileges: { type: 'array', items: text },
    api: {
      type: 'object',
      required: ['operation'],
      properties: { operation: { type: 'string' }, service },
      additionalProperties: false,
    },
    src_endpoint: {
      type: 'object',
      anyOf: [{ required: ['ip'] }, { required: ['svc_name'] }],
      properties: { ip: { anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }] }, svc_name: text },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};

/** What a class demands: its category, its activities, and further members. */
const CLASSES = [
  { uid: 0, category: 0, activities: [0, 99], required: [] },
  { uid: 3001, category: 3, activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 99], required: ['user'] },
  { uid: 3002, category: 3, activities: [0, 1, 2, 3, 4, 5, 6, 7, 99], required: ['user', 'service'] },
  { uid: 3004, category: 3, activities: [0, 1, 2, 3, 4, 99], required: ['entity'] },
  { uid: 3005, category: 3, activities: [0, 1, 2, 99], required: ['user', 'privileges'] },
  { uid: 3006, category: 3, activities: [0, 1, 2, 3, 4, 5, 6, 99], required: ['group'] },
  { uid: 6003, category: 6, activities: [0, 1, 2, 3, 4, 99], required: ['actor', 'api', 'src_endpoint'] },
] as const;

const ofClass = ({ uid, category, activities, required }: (typeof CLASSES)[number]) => ({
  required,
  oneOf: activities.map((activity) => ({
    properties: {
      class_uid: { const: uid },
      category_uid: { const: category },
      activity_id: { const: activity },
      type_uid: { const: uid * 100 + activity },
    },
  })),
});

/** Says whether an object is an event of OCSF 1.3, as far as this project writes such events. */
export const isOcsf: ValidateFunction = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  formats: { ipv4: /^\d{1,3}(\.\d{1,3}){3}$/, ipv6: /^[0-9a-f:.%]+$/i },
}).compile({ ...base, anyOf: CLASSES.map(ofClass) });
