import { type Document, isAlias, isCollection, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { type Failed, failed } from '../contract/fallible.ts';
import { isDeeper, type ReadValue } from '../contract/json.ts';
import { shortened } from '../report/shorten.ts';

/** How much aliases may unfold: a small text must not become gigabytes. */
const MAX_ALIASES = 100;

/** Deeper values are no request, and the readers of some would fail. */
const MAX_DEPTH = 500;

/** How every YAML text is read. */
export const YAML_OPTIONS = {
  version: '1.2',
  // The parser prints what it warns of, lines of the text among it, past the log.
  logLevel: 'error',
  prettyErrors: false,
  // The parser compares each key with all others of its mapping, which takes hours for a hostile text.
  uniqueKeys: false,
  // Tags of YAML 1.1 give values that JSON does not have.
  resolveKnownTags: false,
} as const;

/** Something wrong in a YAML text, and its line from 1. */
export interface YamlFinding {
  readonly line: number;
  readonly message: string;
}

/** What the parser says for its callers, in words for people who write workflows. */
const MESSAGES: Readonly<Record<string, string>> = {
  TAG_RESOLVE_FAILED: 'a tag (!…) is not supported; quote the value if it begins with an exclamation mark',
  MULTIPLE_DOCS: 'a second document begins here (`---`), but only one is allowed; merge the two',
};

/** The parser looks through all nodes for each alias: how many steps that may take, about a tenth of a second. */
const MAX_ALIAS_STEPS = 20_000_000;

/** A directive changes what the lines below it mean, and no reader of a workflow expects one. */
function directivesOf({ directives }: Document.Parsed, text: string): YamlFinding[] {
  const isChanged = directives.yaml.explicit === true || Object.keys(directives.tags).some((handle) => handle !== '!!');
  const line = text.split(/\r\n|[\r\n]/).findIndex((one) => one.startsWith('%')) + 1;
  if (!isChanged && line === 0) return [];
  const name = /^%\w*/.exec(text.split(/\r\n|[\r\n]/)[line - 1] ?? '')?.[0] ?? 'directives';
  return isChanged ? [{ line: Math.max(1, line), message: `${name} is not supported; remove the line` }] : [];
}

/**
 * What the parser finds wrong with a document: errors, and what it would only warn of, such as an unknown tag. An error
 * causes others, so the first ones say the most.
 */
export function yamlFindings(document: Document.Parsed, lines: LineCounter, text: string): YamlFinding[] {
  const lineAt = (offset: number) => Math.max(1, lines.linePos(Math.max(0, offset)).line);
  const found = [...document.errors, ...document.warnings].map(({ pos, message, code }) => ({
    line: lineAt(pos[0]),
    message: MESSAGES[code] ?? message.split('\n', 1)[0] ?? message,
  }));
  const all = [...directivesOf(document, text), ...found];
  return all.length > 0 ? all : [...keyFindings(document, lineAt), ...aliasFindings(document)];
}

/** A key that is a list or a mapping has no name in JSON; to make one of some hundred nested keys takes minutes. */
function keyFindings(document: Document.Parsed, lineAt: (offset: number) => number): YamlFinding[] {
  const found: YamlFinding[] = [];
  visit(document, {
    Pair(_, { key }) {
      if (!isCollection(key) && !isAlias(key)) return undefined;
      found.push({
        line: lineAt(key.range?.[0] ?? 0),
        message: 'a key must be text, not a list, a mapping, or an alias',
      });
      return visit.BREAK;
    },
  });
  return found;
}

function aliasFindings(document: Document.Parsed): YamlFinding[] {
  let [aliases, nodes] = [0, 0];
  visit(document, {
    Alias() {
      aliases += 1;
    },
    Node() {
      nodes += 1;
    },
  });
  // An alias may stand within the node that it names, which the parser unfolds again and again.
  const isTooMuch = aliases > MAX_ALIASES || aliases * nodes > MAX_ALIAS_STEPS;
  return isTooMuch ? [{ line: 1, message: `${aliases} aliases (*…) are too many for a text of this size` }] : [];
}

/** The first key that a mapping has twice. */
function repeatedKey(document: Document.Parsed, lines: LineCounter): YamlFinding | undefined {
  let found: YamlFinding | undefined;
  visit(document, {
    Map(_, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : undefined;
        if (name !== undefined && seen.has(name)) {
          const line = lines.linePos(isScalar(key) ? (key.range?.[0] ?? 0) : 0).line;
          found = { line: Math.max(1, line), message: `the key ${JSON.stringify(shortened(name, 60))} is repeated` };
          return visit.BREAK;
        }
        if (name !== undefined) seen.add(name);
      }
      return undefined;
    },
  });
  return found;
}

const wrong = (why: string): Failed => failed(`is neither JSON nor YAML: ${why}`);

/** Parses JSON or YAML, which takes some seconds for a few hundred KiB of the worst kind. */
export function parseYaml(text: string): ReadValue {
  try {
    const lines = new LineCounter();
    const document = parseDocument(text, { ...YAML_OPTIONS, lineCounter: lines });
    const finding = yamlFindings(document, lines, text)[0] ?? repeatedKey(document, lines);
    if (finding !== undefined) return wrong(`${finding.message} (line ${finding.line})`);
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    // An alias to its own ancestor, or a depth that no reader takes, would fail only when the request is written.
    if (isDeeper(value, MAX_DEPTH)) return wrong(`it nests deeper than ${MAX_DEPTH} levels`);
    return { ok: true, value };
  } catch (thrown) {
    const [first = ''] = String(thrown instanceof Error ? thrown.message : thrown).split('\n');
    return wrong(first.replace(/:$/, ''));
  }
}
