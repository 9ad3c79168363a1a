import { readFileSync } from 'node:fs';
import { isRecord } from './formats-support.ts';

/** An attribute of OCSF: its type, and what restricts it. */
interface Attribute {
  readonly type: string;
  readonly list?: boolean;
  readonly required?: boolean;
  /** The attribute exists only in events that name this profile. */
  readonly profile?: string;
  readonly values?: readonly (number | string)[];
}

/** A class, or an object, of OCSF. */
interface Shape {
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly at_least_one?: readonly string[];
}

interface Schema {
  readonly types: Readonly<Record<string, { readonly is: string; readonly pattern?: string; readonly max?: number }>>;
  readonly objects: Readonly<Record<string, Shape>>;
  readonly classes: Readonly<Record<string, Shape>>;
}

/** Names, types, and rules of the classes that this project writes, from tag 1.3.0 of the official schema. */
const SCHEMA: Schema = JSON.parse(readFileSync(new URL('ocsf-1.3.0.json', import.meta.url), 'utf8'));

const JS_TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  string_t: (value) => typeof value === 'string',
  integer_t: Number.isInteger,
  long_t: Number.isInteger,
  float_t: (value) => typeof value === 'number',
  boolean_t: (value) => typeof value === 'boolean',
  json_t: () => true,
};

function valueProblems(
  path: string,
  { type, values }: Attribute,
  value: unknown,
  profiles: ReadonlySet<string>,
): string[] {
  if (type === 'object') return isRecord(value) ? [] : [`${path} is not an object`];
  const scalar = SCHEMA.types[type];
  if (scalar === undefined) {
    const shape = SCHEMA.objects[type];
    return shape === undefined
      ? [`${path} is a ${type}, which this test does not know`]
      : problems(path, shape, value, profiles);
  }
  const found: string[] = [];
  if (JS_TYPES[scalar.is]?.(value) !== true) found.push(`${path} is not a ${scalar.is}`);
  if (scalar.pattern !== undefined && !new RegExp(scalar.pattern).test(String(value)))
    found.push(`${path} is not a ${type}`);
  if (String(value).length > (scalar.max ?? Number.POSITIVE_INFINITY))
    found.push(`${path} is longer than ${scalar.max}`);
  if (values?.some((one) => String(one) === String(value)) === false)
    found.push(`${path} must not be ${String(value)}`);
  return found;
}

function problems(path: string, shape: Shape, value: unknown, profiles: ReadonlySet<string>): string[] {
  if (!isRecord(value)) return [`${path} is not an object`];
  const found: string[] = [];
  const isKnown = ({ profile }: Attribute) => profile === undefined || profiles.has(profile);
  for (const [name, attribute] of Object.entries(shape.attributes)) {
    if (attribute.required === true && isKnown(attribute) && value[name] === undefined)
      found.push(`${path}.${name} is missing`);
  }
  for (const [name, member] of Object.entries(value)) {
    const attribute = Object.hasOwn(shape.attributes, name) ? shape.attributes[name] : undefined;
    if (attribute === undefined || !isKnown(attribute)) {
      found.push(`${path}.${name} is unknown`);
      continue;
    }
    if (attribute.list === true && !Array.isArray(member)) found.push(`${path}.${name} is not a list`);
    for (const one of attribute.list === true && Array.isArray(member) ? member : [member]) {
      found.push(...valueProblems(`${path}.${name}`, attribute, one, profiles));
    }
  }
  if (shape.at_least_one?.every((name) => value[name] === undefined) === true) {
    found.push(`${path} has none of ${shape.at_least_one.join(', ')}`);
  }
  return found;
}

/** What is wrong with an event by the schema of OCSF 1.3.0; empty if it is valid. Unknown attributes are errors. */
export function ocsfProblems(event: Readonly<Record<string, unknown>>): readonly string[] {
  const shape = SCHEMA.classes[String(event['class_uid'])];
  if (shape === undefined) return [`class_uid is ${String(event['class_uid'])}`];
  const { metadata } = event;
  const named = isRecord(metadata) && Array.isArray(metadata['profiles']) ? metadata['profiles'] : [];
  const found = problems('event', shape, event, new Set(named.map(String)));
  const { class_uid: uid, activity_id: activity, type_uid: type } = event;
  if (Number(uid) * 100 + Number(activity) !== type) found.push(`type_uid must not be ${String(type)}`);
  return found;
}
