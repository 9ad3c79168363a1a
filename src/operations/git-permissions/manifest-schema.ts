import * as z from 'zod/mini';
import { lazy } from '../../devin/endpoint.ts';

const text = () => z.string().check(z.minLength(1));

/** What an entry names: one repository, a group with everything below it, all paths that begin with a prefix, or a pattern. */
export const SUBJECTS = ['repo', 'group', 'prefix', 'repos'] as const;

const subjects = () => ({
  connection: text(),
  repo: z.optional(text()),
  group: z.optional(text()),
  prefix: z.optional(text()),
  repos: z.optional(text()),
});

/** One permission of an organization. */
export const EntrySchema = lazy(() =>
  z.strictObject({ ...subjects(), except: z.optional(z.array(text())), read_only: z.optional(z.boolean()) }),
);

/** An entry that is never removed. */
export const ProtectedSchema = lazy(() => z.strictObject(subjects()));

/** An organization, with its entries unchecked. */
export const OrganizationSchema = lazy(() =>
  z.strictObject({ prune: z.optional(z.boolean()), permissions: z.array(z.unknown()) }),
);

const head = () => ({
  version: z.literal(1),
  prune: z.optional(z.boolean()),
  read_only_unknown: z.optional(z.boolean()),
  connections: z.optional(z.record(z.string(), text())),
});

/** A manifest, with its organizations and entries unchecked: each of them is checked by itself. */
export const HeadSchema = lazy(() =>
  z.strictObject({
    ...head(),
    protected: z.optional(z.array(z.unknown())),
    organizations: z.record(z.string(), z.unknown()),
  }),
);

/** A whole manifest; `schemas/git-permissions.schema.json` is generated from here. */
export const ManifestSchema = lazy(() =>
  z.strictObject({
    ...head(),
    protected: z.optional(z.array(ProtectedSchema())),
    organizations: z.record(
      z.string(),
      z.strictObject({ prune: z.optional(z.boolean()), permissions: z.array(EntrySchema()) }),
    ),
  }),
);
