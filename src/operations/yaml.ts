import { parse } from 'yaml';
import { isRecord } from './record.ts';

/** Parses JSON or YAML. Gives the value, or what is wrong as a clause. */
export function parseYaml(text: string): { readonly value: unknown } | string {
  try {
    // The limit on aliases keeps a small text from unfolding into gigabytes.
    const value: unknown = parse(text, { maxAliasCount: 100, prettyErrors: true });
    // An alias to its own ancestor, or a depth that no reader takes, would fail only when the request is written.
    JSON.stringify(value);
    return { value };
  } catch (thrown) {
    const [first = ''] = String(thrown instanceof Error ? thrown.message : thrown).split('\n');
    return `is neither JSON nor YAML: ${first.replace(/:$/, '')}`;
  }
}

/** Parses JSON or YAML that must be a mapping. Gives the mapping, or what is wrong as a clause. */
export function parseMapping(text: string): Record<string, unknown> | string {
  const parsed = parseYaml(text);
  if (typeof parsed === 'string') return parsed;
  return isRecord(parsed.value) ? parsed.value : 'is no mapping of names to values';
}
