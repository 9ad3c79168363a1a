import { isAlias, isSeq, LineCounter, parseDocument } from 'yaml';
import { YAML_OPTIONS, yamlFindings } from '../yaml.ts';
import type { Finding, Source } from './positions.ts';
import { pairsOf, placeOf } from './positions.ts';

/** A syntax error causes others, which say no more. */
const MAX_SYNTAX_FINDINGS = 5;
/** How much aliases may unfold: enough for a list that every organization shares. */
const MAX_ALIASES = 10_000;

/** A file of YAML with its values, or what is wrong with it. */
export type ReadSource =
  | { readonly source: Source; readonly value: unknown }
  | { readonly findings: readonly Finding[] };

/** How deep an entry stands: below `organizations`, its organization, `permissions` and the list. */
const ENTRY_DEPTH = 4;

/** Finds keys that a mapping has twice, in the mappings that a manifest is made of. */
function repeatedKeys(source: Source): Finding[] {
  const found: Finding[] = [];
  const look = (node: unknown, depth: number) => {
    // What an alias stands for is looked at where it stands itself.
    if (isAlias(node)) return;
    if (isSeq(node) && depth > 0) for (const item of node.items) look(item, depth - 1);
    const seen = new Map<string, number>();
    for (const { name, key, value } of pairsOf(source, node)) {
      const place = placeOf(source, key);
      const before = seen.get(name);
      if (before !== undefined) {
        found.push({ ...place, message: `the key ${JSON.stringify(name)} is there twice, first on line ${before}` });
      }
      seen.set(name, place.line);
      if (depth > 0) look(value, depth - 1);
    }
  };
  look(source.document.contents, ENTRY_DEPTH);
  return found;
}

/** Reads YAML 1.2 with the positions of its parts. */
export function readYaml(file: string, text: string): ReadSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
  const tabs = document.errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  // A tab in the place of spaces breaks what stands around it, which says nothing of the cause.
  if (tabs.length > 0) document.errors = tabs;
  const findings = yamlFindings(document, lines, text).slice(0, MAX_SYNTAX_FINDINGS);
  if (findings.length > 0) return { findings: findings.map((finding) => ({ file, ...finding })) };
  const source = { file, document, lines };
  const repeated = repeatedKeys(source);
  if (repeated.length > 0) return { findings: repeated };
  try {
    return { source, value: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return { findings: [{ file, line: 1, message: `its aliases cannot be unfolded: ${message}` }] };
  }
}
