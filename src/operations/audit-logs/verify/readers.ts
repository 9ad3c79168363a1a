import { isRecord } from '../../record.ts';
import { placeOf, readEvent } from '../events/parse-event.ts';
import { CSV_COLUMNS } from '../formats/csv.ts';
import type { FormatName } from '../formats/names.ts';

/** Longest event that is read, in characters. */
const MAX_EVENT = 64 * 1024 * 1024;

/** An event as it stands in a file. */
export interface Found {
  readonly id: string;
  /** Unix seconds. */
  readonly at: number;
}

/** What a reader has to say. A line is counted from 1; in a format without lines it is the number of the row. */
export interface Sink {
  event(found: Found, line: number): void;
  problem(what: string, line: number): void;
}

/** Reads the events of one file of text, piece by piece. After a problem it reads no further. */
export interface Reader {
  feed(bytes: Uint8Array): void;
  end(): void;
}

/** Reads one event out of its text; undefined where there is none in it. */
type Parse = (text: string) => Found | undefined;

const found = (id: unknown, at: number): Found | undefined =>
  typeof id === 'string' && id !== '' && Number.isFinite(at) ? { id, at } : undefined;

function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const member = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

function parseJsonl(text: string): Found | undefined {
  const value = recordOf(text);
  try {
    // What v2 may leave out, v3 may not; the hash tells whether anything was taken away.
    return value === undefined ? undefined : readEvent(value, placeOf(Buffer.from(text)), 0, true);
  } catch {
    return undefined;
  }
}

function parseOcsf(text: string): Found | undefined {
  const value = recordOf(text);
  return found(member(member(value, 'metadata'), 'uid'), Number(member(value, 'time')) / 1_000);
}

function parseEcs(text: string): Found | undefined {
  const value = recordOf(text);
  return found(member(member(value, 'event'), 'id'), Date.parse(String(member(value, '@timestamp'))) / 1_000);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r' };

function parseCef(text: string): Found | undefined {
  // In a value, `=` is escaped, so ` act=` can only be the next key.
  const [, rt, id = ''] =
    /^CEF:0(?:\|(?:[^|\\]|\\.)*){6}\|rt=(\d+) externalId=((?:[^\\=]|\\.)*?) act=/.exec(text) ?? [];
  const plain = id.replace(/\\(.)/g, (_, sign: string) => ESCAPES[sign] ?? sign);
  return rt === undefined ? undefined : found(plain, Number(rt) / 1_000);
}

/** The cells of a record; undefined where it is none by RFC 4180. */
function cellsOf(record: string): readonly string[] | undefined {
  const cells: string[] = [];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|$)/y;
  for (;;) {
    const match = cell.exec(record);
    if (match === null) return undefined;
    const [, text = '', end] = match;
    cells.push(text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text);
    if (end === '') return cells;
  }
}

function parseCsv(text: string): Found | undefined {
  const cells = text.endsWith('\r') ? cellsOf(text.slice(0, -1)) : undefined;
  if (cells?.length !== CSV_COLUMNS.length) return undefined;
  return found(
    (cells[0] ?? '').replace(/^'(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, ''),
    Number(cells[2] || 'none'),
  );
}

const PARSERS: Readonly<Record<Exclude<FormatName, 'parquet'>, Parse>> = {
  jsonl: parseJsonl,
  csv: parseCsv,
  ocsf: parseOcsf,
  ecs: parseEcs,
  cef: parseCef,
};

const CSV_HEAD = `${CSV_COLUMNS.join(',')}\r`;

const quotes = (text: string) => {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1;
  return count;
};

/** Cuts text into lines, or into records where a format lets line breaks stand in quotes. */
class LineReader implements Reader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #format: Exclude<FormatName, 'parquet'>;
  readonly #sink: Sink;
  #parts: string[] = [];
  #length = 0;
  #isQuoted = false;
  #line = 1;
  #isOver = false;
  #awaitsHead: boolean;

  constructor(format: Exclude<FormatName, 'parquet'>, sink: Sink) {
    this.#format = format;
    this.#sink = sink;
    this.#awaitsHead = format === 'csv';
  }

  feed(bytes: Uint8Array): void {
    if (this.#isOver) return;
    let text: string;
    try {
      text = this.#decoder.decode(bytes, { stream: true });
    } catch {
      this.#stop('is not UTF-8');
      return;
    }
    let from = 0;
    for (let cut = text.indexOf('\n'); cut >= 0 && !this.#isOver; cut = text.indexOf('\n', from)) {
      this.#take(text.slice(from, cut), true);
      from = cut + 1;
    }
    if (!this.#isOver) this.#take(text.slice(from), false);
  }

  end(): void {
    if (this.#isOver) return;
    try {
      this.#decoder.decode();
    } catch {
      this.#stop('is not UTF-8');
      return;
    }
    if (this.#length > 0 || this.#isQuoted) this.#stop('ends in the middle of a line');
    else if (this.#awaitsHead) this.#stop('has no head');
  }

  #take(text: string, endsLine: boolean): void {
    if (this.#format === 'csv' && quotes(text) % 2 === 1) this.#isQuoted = !this.#isQuoted;
    this.#parts.push(text);
    this.#length += text.length;
    if (this.#length > MAX_EVENT) this.#stop('is longer than an event can be');
    if (!endsLine || this.#isOver) return;
    if (this.#isQuoted) {
      this.#parts.push('\n');
      this.#length += 1;
      return;
    }
    const whole = this.#parts.length === 1 ? text : this.#parts.join('');
    this.#parts = [];
    this.#length = 0;
    this.#record(whole);
    this.#line += 1 + (this.#format === 'csv' ? whole.split('\n').length - 1 : 0);
  }

  #record(text: string): void {
    if (this.#awaitsHead) {
      this.#awaitsHead = false;
      if (text !== CSV_HEAD) this.#stop('is not the head of such a file');
      return;
    }
    const event = PARSERS[this.#format](text);
    if (event === undefined) this.#stop(`is no event in the format ${this.#format}`);
    else this.#sink.event(event, this.#line);
  }

  #stop(what: string): void {
    this.#isOver = true;
    this.#sink.problem(what, this.#line);
  }
}

/** A reader of a format of text. */
export const openReader = (format: Exclude<FormatName, 'parquet'>, sink: Sink): Reader => new LineReader(format, sink);
