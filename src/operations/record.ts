import { isRecord } from '../contract/json.ts';

export { isRecord } from '../contract/json.ts';

/** The value of a text, or what is wrong with the text, as a clause. */
export type Parsed = { readonly value: unknown } | string;

/** The mapping that a text holds, or what is wrong with the text. */
export function asMapping(parsed: Parsed): Record<string, unknown> | string {
  if (typeof parsed === 'string') return parsed;
  return isRecord(parsed.value) ? parsed.value : 'is no mapping of names to values';
}
