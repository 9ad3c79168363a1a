/** Formats of an export; the first is the default. */
export const FORMAT_NAMES = ['jsonl', 'csv', 'ocsf', 'ecs', 'cef', 'parquet'] as const;

/** The name of a format. */
export type FormatName = (typeof FORMAT_NAMES)[number];
