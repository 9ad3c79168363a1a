import { isAlias, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { type Fallible, failed } from '../../contract/fallible.ts';
import { YAML_OPTIONS, yamlFindings } from '../yaml.ts';
import type { Finding, Source } from './positions.ts';
import { pairsOf, positionOf } from './positions.ts';

/** A syntax error causes others, which add nothing. */
const MAX_SYNTAX_FINDINGS = 5;
/** How much aliases may expand: enough for a list that every organization shares. */
const MAX_ALIASES = 10_000;

/** A file of YAML with its values, or what is wrong with it. */
export type ReadSource = Fallible<{ readonly source: Source; readonly value: unknown }, readonly Finding[]>;

/** Depth of an entry: below `organizations`, its organization, `permissions` and the list. */
const ENTRY_DEPTH = 4;

/**
 * What is wrong with a key that is not text. `0x1F` and `010` are numbers, so the name would be another one; a number of
 * twenty digits is not even that number.
 */
function keyProblem(key: unknown): string | undefined {
  if (isScalar(key) && typeof key.value === 'string') return undefined;
  if (!isScalar(key) || key.source === undefined || key.source === '') return 'a key is not text';
  const type = key.value === null ? 'null' : `a ${typeof key.value}`;
  return `the key ${key.source.slice(0, 60)} is ${type}, not text; put it in quotes: ${JSON.stringify(key.source.slice(0, 60))}`;
}

/** Finds keys that are not text, or that a mapping has twice, in the mappings that a manifest consists of. */
function wrongKeys(source: Source): Finding[] {
  const found: Finding[] = [];
  const check = (node: unknown, depth: number) => {
    // The target of an alias is checked at its own position.
    if (isAlias(node)) return;
    if (isSeq(node) && depth > 0) for (const item of node.items) check(item, depth - 1);
    const seen = new Map<string, number>();
    for (const { name, key, value } of pairsOf(source, node)) {
      const position = positionOf(source, key);
      const problem = keyProblem(key);
      const before = seen.get(name);
      if (problem !== undefined) found.push({ ...position, message: problem });
      else if (before !== undefined) {
        found.push({ ...position, message: `the key ${JSON.stringify(name)} is repeated, first on line ${before}` });
      }
      seen.set(name, position.line);
      if (depth > 0) check(value, depth - 1);
    }
  };
  check(source.document.contents, ENTRY_DEPTH);
  return found;
}

/** Reads YAML 1.2 with the positions of its parts. */
export function readSource(file: string, text: string): ReadSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
  const tabs = document.errors.filter(({ code }) => code === 'TAB_AS_INDENT');
  // A tab in place of spaces causes other errors, which do not show the cause.
  if (tabs.length > 0) document.errors = tabs;
  const findings = yamlFindings(document, lines, text).slice(0, MAX_SYNTAX_FINDINGS);
  if (findings.length > 0) return failed(findings.map((finding) => ({ file, ...finding })));
  const source = { file, document, lines };
  const wrong = wrongKeys(source);
  if (wrong.length > 0) return failed(wrong);
  try {
    return { ok: true, source, value: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return failed([{ file, line: 1, message: `its aliases cannot be expanded: ${message}` }]);
  }
}
