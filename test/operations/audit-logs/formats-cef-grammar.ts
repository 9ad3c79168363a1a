/** A line of CEF as a reader takes it apart: seven fields of the header, and the extension by its keys. */
export interface CefLine {
  readonly header: readonly string[];
  readonly extension: ReadonlyMap<string, string>;
}

/** Reads the header field that begins at `at`; gives it and where the next one begins. */
function headerField(line: string, at: number): readonly [field: string, next: number] {
  let field = '';
  for (let i = at; i < line.length; i += 1) {
    const sign = line.charAt(i);
    if (sign === '|') return [field, i + 1];
    if (sign !== '\\') field += sign;
    else {
      i += 1;
      if (!'\\|'.includes(line.charAt(i))) throw new Error(`a wrong escape in the header: ${line}`);
      field += line.charAt(i);
    }
  }
  throw new Error(`the header ends too soon: ${line}`);
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\', '=': '=', n: '\n', r: '\r' };

function withoutEscapes(value: string): string {
  return value.replace(/\\(.?)/gs, (_, sign: string) => {
    const meant = ESCAPES[sign];
    if (meant === undefined) throw new Error(`a wrong escape: ${value}`);
    return meant;
  });
}

/** Takes a line apart. Throws where it is no CEF. */
export function parseCef(line: string): CefLine {
  if (/[\r\n]/.test(line)) throw new Error('a line break inside of a line');
  const header: string[] = [];
  let at = 0;
  while (header.length < 7) {
    const [field, next] = headerField(line, at);
    header.push(field);
    at = next;
  }
  // A key stands at the start or behind a space, and an equals sign without a backslash ends it.
  const keys = [...line.slice(at).matchAll(/(?:^| )([A-Za-z0-9_]+)=/g)];
  const rest = line.slice(at);
  const extension = new Map<string, string>();
  for (const [i, match] of keys.entries()) {
    const key = match[1] ?? '';
    if (extension.has(key)) throw new Error(`the key ${key} comes twice: ${line}`);
    extension.set(key, withoutEscapes(rest.slice(match.index + match[0].length, keys[i + 1]?.index)));
  }
  return { header, extension };
}
