import * as z from 'zod/mini';
import { isRecord } from '../contract/json.ts';
import { prefixedId } from '../contract/session-id.ts';

const DOCUMENTED: unique symbol = Symbol('documented');
const TOTAL: unique symbol = Symbol('total');

/**
 * A schema of a response. What the documentation promises is its input, which the sandbox returns and the reference is
 * compared with; what a caller gets is its output, into which more than that is read.
 */
export interface Tolerant<Out, D extends z.ZodMiniType> extends z.ZodMiniType<Out, z.input<D>> {
  readonly [DOCUMENTED]: D;
}

/** A tolerant schema that reads any value, an absent one too. */
export interface Total<Out, D extends z.ZodMiniType> extends Tolerant<Out, D> {
  readonly [TOTAL]: true;
}

/** The schema of what the documentation promises, for one that reads more than that; any other is its own. */
export const documentedSchema = (schema: z.ZodMiniType): z.ZodMiniType =>
  isTolerant(schema) ? schema[DOCUMENTED] : schema;

/** Whether a schema accepts another form of what it declares than the documented one. */
export const isTolerant = (schema: z.ZodMiniType): schema is Tolerant<unknown, z.ZodMiniType> => DOCUMENTED in schema;

const isTotal = (schema: z.ZodMiniType): boolean => TOTAL in schema;

/** Declares what a schema stands for in the documentation. `schema` must give `Out` for everything that it accepts. */
function standingFor<Out, D extends z.ZodMiniType>(schema: z.ZodMiniType<Out>, documented: D): Tolerant<Out, D> {
  // The input is the type that the documentation promises; at run time `schema` accepts it, and more.
  return Object.assign(schema, { [DOCUMENTED]: documented }) as unknown as Tolerant<Out, D>;
}

/** Reads any value by a function that never throws. The member may be absent: `read` then gets undefined. */
export function reader<Out, D extends z.ZodMiniType>(documented: D, read: (value: unknown) => Out): Total<Out, D> {
  const schema: z.ZodMiniType<Out> = z.pipe(
    z.optional(z.unknown()),
    z.transform((value) => read(value)),
  ) as z.ZodMiniType<Out>;
  return Object.assign(standingFor(schema, documented), { [TOTAL]: true as const });
}

const NUMBER = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i;
const DATE_TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:Z|[+-]\d\d:?\d\d)?)?$/i;

/** A text, or a number or boolean as one; null for anything else. */
export function readText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

/** A finite number, also from its text; null for anything else. */
export function readNumber(value: unknown): number | null {
  const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** A boolean, also from its text; null for anything else. */
export function readBoolean(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return text === 'true' ? true : text === 'false' ? false : null;
}

/** Unix seconds, from a number, its text, or an ISO 8601 date-time, which is UTC without an offset; null for anything else. */
function readSeconds(value: unknown): number | null {
  if (typeof value !== 'string' || !DATE_TIME.test(value.trim())) return readNumber(value);
  const text = value.trim();
  const ms = Date.parse(!text.includes(':') || /(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? null : ms / 1_000;
}

/** Rows that were left out of a list: how many, and why the first of them. */
export interface Dropped {
  readonly count: number;
  readonly reason: string;
}

const drops = new WeakMap<readonly unknown[], Dropped>();

/** What was left out of a list that a tolerant schema read; undefined if nothing was. */
export const droppedFrom = (list: readonly unknown[]): Dropped | undefined => drops.get(list);

/** `pr_url: Invalid input: expected string, received null` */
const reasonOf = ({ issues }: z.core.$ZodError): string => {
  const [issue] = issues;
  if (issue === undefined) return 'it is not valid';
  return issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`;
};

/** The rows that fit, in their order. A row that does not fit must not cost the others. */
function readRows<T extends z.core.$ZodType>(element: T, rows: readonly unknown[]): z.output<T>[] {
  const kept: z.output<T>[] = [];
  let count = 0;
  let reason = '';
  for (const row of rows) {
    const read = z.safeParse(element, row);
    if (read.success) kept.push(read.data);
    else {
      if (count === 0) reason = reasonOf(read.error);
      count += 1;
    }
  }
  if (count > 0) drops.set(kept, { count, reason });
  return kept;
}

/** A list without which a response says nothing: it has to be one, but rows that do not fit are left out of it. */
export function list<T extends z.ZodMiniType>(element: T): Tolerant<z.output<T>[], z.ZodMiniArray<T>> {
  const schema = z.pipe(
    z.array(z.unknown()),
    z.transform((rows) => readRows(element, rows)),
  );
  return standingFor<z.output<T>[], z.ZodMiniArray<T>>(schema as z.ZodMiniType<z.output<T>[]>, z.array(element));
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniNullable
    ? unwrapped(schema._zod.def.innerType)
    : schema;
}

/** How a member is read whose schema says nothing about that: by its documented type. */
function readBy(schema: z.core.$ZodType): (value: unknown) => unknown {
  if (schema instanceof z.ZodMiniString) return readText;
  if (schema instanceof z.ZodMiniNumber) return readNumber;
  if (schema instanceof z.ZodMiniBoolean) return readBoolean;
  if (schema instanceof z.ZodMiniArray) {
    const element = schema._zod.def.element;
    return (value) => (Array.isArray(value) ? readRows(element, value) : []);
  }
  if (schema instanceof z.ZodMiniRecord) {
    const element = schema._zod.def.valueType;
    return (value) => {
      if (!isRecord(value)) return null;
      const entries = Object.entries(value).map(([name, entry]) => [name, z.safeParse(element, entry)] as const);
      return Object.fromEntries(entries.flatMap(([name, read]) => (read.success ? [[name, read.data]] : [])));
    };
  }
  if (schema instanceof z.ZodMiniUnknown) return (value) => value;
  return (value) => z.safeParse(schema, value).data ?? null;
}

const memberOf = (schema: z.ZodMiniType): z.ZodMiniType =>
  isTotal(schema) ? schema : reader(schema, readBy(unwrapped(schema)));

type Shape = Readonly<Record<string, z.ZodMiniType>>;

/** What a member is read as that a caller can do without. */
type Leniently<T> = unknown extends T
  ? unknown
  : NonNullable<T> extends readonly unknown[]
    ? NonNullable<T>
    : NonNullable<T> | null;

type MemberOf<S extends z.ZodMiniType> = S extends Total<infer Out, z.ZodMiniType> ? Out : Leniently<z.output<S>>;

/** What a caller gets of an object: the members that it needs as they are documented, of the others what could be read. */
export type ReadOf<S extends Shape, K extends keyof S> = {
  [N in keyof S]: N extends K ? z.output<S[N]> : MemberOf<S[N]>;
} & { [other: string]: unknown };

/**
 * An object of a response, by the members that are documented. Those named in `needed` are read strictly. Any other may be absent, null or of another
 * form: a list is then empty, anything else null. Members that the documentation does not know are kept. `finish`
 * fills in what follows from other members.
 */
export function tolerant<S extends Shape, K extends keyof S & string = never>(
  shape: S,
  needed: readonly K[] = [],
  finish?: (value: ReadOf<S, K>) => ReadOf<S, K>,
): Tolerant<ReadOf<S, K>, z.ZodMiniObject<S, z.core.$loose>> {
  const isNeeded = (name: string) => needed.some((one) => one === name);
  const members = Object.entries<z.ZodMiniType>(shape).map(([name, schema]) => [
    name,
    isNeeded(name) ? schema : memberOf(schema),
  ]);
  // The members were built one by one as `ReadOf` says.
  const schema = z.looseObject(Object.fromEntries(members)) as unknown as z.ZodMiniType<ReadOf<S, K>>;
  const finished = finish === undefined ? schema : z.pipe(schema, z.transform(finish));
  return standingFor(finished as z.ZodMiniType<ReadOf<S, K>>, z.looseObject(shape));
}

/** A text with a value for everything else. */
export const textOr = <F extends string | null, D extends z.ZodMiniType>(
  fallback: F,
  documented: D,
): Total<string | F, D> => reader(documented, (value) => readText(value) ?? fallback);

/** Unix seconds, UTC; null where the response has no time that can be read. */
export const secondsAs = <D extends z.ZodMiniType>(documented: D): Total<number | null, D> =>
  reader(documented, readSeconds);

/** The same for a time that the documentation promises. */
export const seconds = (): Total<number | null, z.ZodMiniNumberFormat> => secondsAs(z.int());

/** A boolean that is false unless the response says otherwise. */
export const flag = <D extends z.ZodMiniType>(documented: D): Total<boolean, D> =>
  reader(documented, (value) => readBoolean(value) ?? false);

/** A session's id, which gets its prefix. It has to be there. */
export const sessionId = (): Tolerant<string, z.ZodMiniString<string>> =>
  standingFor<string, z.ZodMiniString<string>>(
    z.pipe(z.string().check(z.trim(), z.minLength(1)), z.transform(prefixedId)) as z.ZodMiniType<string>,
    z.string(),
  );
