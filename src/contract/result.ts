import * as z from 'zod/mini';
import { ERROR_CODES } from './errors.ts';

const errorCodes = Object.keys(ERROR_CODES);

/** One try of one request to the API. `status` is 0 where no answer came; `ms` is the time that the try took. */
export const JournalEntry = z.object({
  method: z.string(),
  path: z.string(),
  status: z.int(),
  ms: z.int(),
  try: z.int(),
});

/** The output `result` and the content of `result_file`; `schemas/result.schema.json` is generated from here. */
export const Result = z.object({
  schema_version: z.literal(1),
  operation: z.string(),
  outcome: z.enum(['success', 'failure', 'skipped', 'changes']),
  error: z.optional(
    z.object({
      code: z.enum(errorCodes),
      message: z.string(),
      fix: z.string(),
      list: z.array(z.string()),
    }),
  ),
  skipped_reason: z.optional(z.string()),
  started_at: z.iso.datetime(),
  duration_ms: z.int(),
  dry_run: z.boolean(),
  requests: z.object({ count: z.int(), retries: z.int(), journal: z.optional(z.array(JournalEntry)) }),
  /** What the operation found or did; its members are those of the operation's outputs, as values. */
  data: z.optional(z.record(z.string(), z.unknown())),
  /** True where the output holds less than the file. */
  truncated: z.optional(z.literal(true)),
});

/** A checked result. */
export type Result = z.output<typeof Result>;
/** One try of one request. */
export type JournalEntry = z.output<typeof JournalEntry>;
