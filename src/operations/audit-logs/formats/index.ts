import type { BinaryFormat, TextFormat } from './format.ts';
import type { FormatName } from './names.ts';

export type { BinaryFile, BinaryFormat, TextFormat } from './format.ts';
export { FORMAT_NAMES, type FormatName } from './names.ts';

const FORMATS = {
  jsonl: async () => (await import('./jsonl.ts')).jsonl,
  csv: async () => (await import('./csv.ts')).csv,
  ocsf: async () => (await import('./ocsf.ts')).ocsf,
  ecs: async () => (await import('./ecs.ts')).ecs,
  cef: async () => (await import('./cef.ts')).cef,
  parquet: async () => (await import('./parquet.ts')).parquet,
} as const satisfies Record<FormatName, () => Promise<TextFormat | BinaryFormat>>;

/** Loads a format. In each, the same events give the same bytes. */
export const loadFormat = async (name: FormatName): Promise<TextFormat | BinaryFormat> => FORMATS[name]();
