/** One workflow command, as the runner reads it from a step's output. */
export interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

const KNOWN = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
]);

const unescapeData = (text: string) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
const unescapeProperty = (text: string) => unescapeData(text.replaceAll('%3A', ':').replaceAll('%2C', ','));

function properties(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const pair of text.split(',')) {
    const cut = pair.indexOf('=');
    if (cut > 0 && cut < pair.length - 1) found[pair.slice(0, cut).trim()] = unescapeProperty(pair.slice(cut + 1));
  }
  return found;
}

/** Reads one line as actions/runner does: `::name a=b::data` at its start, or the older `##[name a=b;]data` anywhere. */
export function parseCommand(line: string): Command | undefined {
  const start = line.trimStart();
  if (start.startsWith('::')) {
    const end = start.indexOf('::', 2);
    if (end < 0) return undefined;
    const head = start.slice(2, end);
    const space = head.indexOf(' ');
    const name = (space < 0 ? head : head.slice(0, space)).toLowerCase();
    if (!KNOWN.has(name)) return undefined;
    return {
      name,
      properties: properties(space < 0 ? '' : head.slice(space + 1)),
      message: unescapeData(start.slice(end + 2)),
    };
  }
  const old = line.indexOf('##[');
  const close = line.indexOf(']', old);
  if (old < 0 || close < 0) return undefined;
  const [name = ''] = line
    .slice(old + 3, close)
    .toLowerCase()
    .split(' ');
  return KNOWN.has(name) ? { name, properties: {}, message: line.slice(close + 1) } : undefined;
}

/** A step's output: the commands in it, and the other lines. `\r` ends a line too, as it does for the runner. */
export function parseOutput(output: string): { commands: Command[]; log: string[] } {
  const commands: Command[] = [];
  const log: string[] = [];
  const lines = output.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  for (const line of lines) {
    const command = parseCommand(line);
    if (command === undefined) log.push(line);
    else commands.push(command);
  }
  return { commands, log };
}

/** Reads a file of outputs, state or environment: `NAME=value` lines and `NAME<<DELIMITER` blocks. */
export function parseFileCommands(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line === '') continue;
    const equals = line.indexOf('=');
    const heredoc = line.indexOf('<<');
    if (heredoc >= 0 && (equals < 0 || heredoc < equals)) {
      const [name, delimiter] = [line.slice(0, heredoc), line.slice(heredoc + 2)];
      if (name === '' || delimiter === '') throw new Error(`Invalid format '${line}'`);
      const end = lines.indexOf(delimiter, at + 1);
      if (end < 0) throw new Error(`Matching delimiter not found '${delimiter}'`);
      found[name] = lines.slice(at + 1, end).join('\n');
      at = end;
    } else if (equals > 0) {
      found[line.slice(0, equals)] = line.slice(equals + 1);
    } else {
      throw new Error(`Invalid format '${line}'`);
    }
  }
  return found;
}
