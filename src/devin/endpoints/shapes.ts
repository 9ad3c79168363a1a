import * as z from 'zod/mini';
import { lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';

/** A text that may be absent or null, as most optional fields of the API are. */
export const optionalText = (): z.ZodMiniOptional<z.ZodMiniNullable<z.ZodMiniString<string>>> => z.nullish(z.string());

/** Every value that the documentation lists for an open enumeration: a newer one is accepted, and kept. */
const listed = new WeakMap<z.ZodMiniType, readonly string[]>();

/** A text whose documented values are listed, but that may take newer ones. */
export function open(values: readonly string[]): z.ZodMiniString<string> {
  const schema = z.string();
  listed.set(schema, values);
  return schema;
}

/** The documented values of a schema made by `open`. */
export const documentedValues = (schema: z.ZodMiniType): readonly string[] | undefined => listed.get(schema);

/** `first` and `after` of every cursor-paged list. */
export const cursorQuery = {
  after: optionalText(),
  first: z.optional(z.int().check(z.gte(1), z.lte(200))),
};

/** The query of a list that takes nothing but a cursor. */
export const CursorQuery = lazy(() => z.strictObject(cursorQuery));

/** The envelope of every cursor-paged list. `total` is optional and may be left out. */
export function page<T extends z.ZodMiniType>(item: () => T) {
  return lazy(() =>
    tolerant(
      {
        items: list(item()),
        end_cursor: z.nullish(z.string()),
        has_next_page: z.optional(z.boolean()),
        total: z.nullish(z.int()),
      },
      ['items'],
    ),
  );
}

/** Repeated query parameter: one text or several. */
export const texts = () => z.nullish(z.array(z.string()));

/** The answer of a change that says nothing; its body, if there is one, has no documented shape. */
export const Nothing = lazy(() => z.unknown());

/** `skip` and `limit` of the paged lists of v2. */
export const offsetQuery = {
  skip: z.optional(z.int().check(z.gte(0))),
  limit: z.optional(z.int().check(z.gte(1), z.lte(200))),
};

/** The query of a v2 list that takes nothing but its page. */
export const OffsetQuery = lazy(() => z.strictObject(offsetQuery));

/** The envelope of the paged lists of v2. `next_cursor` is the next `skip`. */
export function offsetPage<T extends z.ZodMiniType>(item: () => T) {
  return lazy(() =>
    tolerant(
      {
        items: list(item()),
        total: z.int(),
        skip: z.int(),
        limit: z.int(),
        has_more: z.boolean(),
        next_cursor: z.nullish(z.int()),
      },
      ['items'],
    ),
  );
}

/** Both ends of a range of time in Unix seconds, UTC, each of which may be left out. */
export const optionalRange = { time_before: z.nullish(z.int()), time_after: z.nullish(z.int()) };

/** Both ends of a range of time in Unix seconds, UTC; both are needed. */
export const requiredRange = { time_before: z.int(), time_after: z.int() };
