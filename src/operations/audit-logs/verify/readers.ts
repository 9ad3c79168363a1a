import { isRecord } from '../../../contract/json.ts';
import { parseEvent } from '../events/parse-event.ts';
import { CSV_COLUMNS } from '../formats/csv.ts';
import type { FormatName } from '../formats/names.ts';

/** Longest event that is read, in characters. */
const MAX_EVENT = 64 * 1024 * 1024;

/** An event as it is in a file. */
export interface Found {
  readonly id: string;
  /** Unix seconds. */
  readonly at: number;
  /** The organization; null if the event belongs to none, undefined if the format cannot write its name. */
  readonly org: string | null | undefined;
  /** The text of the event. */
  readonly text: string;
  /** `at` has only milliseconds, because the format has no place for more. */
  readonly isRounded?: true;
}

/** What a reader reports. Lines are counted from 1; in a format without lines, rows are. */
export interface Sink {
  event(found: Found, line: number): void;
  problem(what: string, line: number): void;
}

/** Reads the events of one text file, piece by piece. After a problem it reads no further. */
export interface Reader {
  feed(bytes: Uint8Array): void;
  end(): void;
}

/** Reads one event out of its text; undefined if the text is not an event. */
type Parse = (text: string) => Found | undefined;

function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const member = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

/** An event out of its original; undefined if that is not an event. */
function foundIn(original: unknown): Found | undefined {
  if (typeof original !== 'string') return undefined;
  try {
    // What v2 may leave out, v3 may not; the hash shows whether anything was removed.
    const { id, at, org } = parseEvent(original, true);
    return { id, at, org, text: original };
  } catch {
    return undefined;
  }
}

/**
 * The event of a document that contains its original, if both agree on ID and time. `ms` is the time in the document, in
 * milliseconds: the original may have a finer one.
 */
export function agreeing(original: unknown, id: unknown, ms: number): Found | undefined {
  const found = foundIn(original);
  const isSame = found !== undefined && found.id.toWellFormed() === id && Math.abs(found.at * 1_000 - ms) < 1.001;
  return isSame ? found : undefined;
}

const textOf = (id: unknown) => (typeof id === 'string' ? id.toWellFormed() : undefined);

function parseOcsf(text: string): Found | undefined {
  const value = recordOf(text);
  const time = member(value, 'time');
  const original = member(value, 'raw_data') ?? member(member(value, 'unmapped'), 'original');
  return agreeing(
    original,
    textOf(member(member(value, 'metadata'), 'uid')),
    typeof time === 'number' ? time : Number.NaN,
  );
}

function parseEcs(text: string): Found | undefined {
  const value = recordOf(text);
  const event = member(value, 'event');
  return agreeing(
    member(event, 'original'),
    textOf(member(event, 'id')),
    Date.parse(String(member(value, '@timestamp'))),
  );
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r' };
const unescaped = (value: string) => value.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character);

function parseCef(text: string): Found | undefined {
  // In a value, `=` is escaped, so ` act=` can only be the next key.
  const [, rt, id = ''] =
    /^CEF:0(?:\|(?:[^|\\]|\\.)*){6}\|rt=(\d+) externalId=((?:[^\\=]|\\.)*?) act=/.exec(text) ?? [];
  if (rt === undefined || id === '') return undefined;
  const [, org] = / cs1Label=orgId cs1=((?:[^\\=]|\\.)*?) cs2Label=/.exec(text) ?? [];
  // A copy: the part of a text would keep all of it in memory.
  const copy = Buffer.from(unescaped(id)).toString();
  // These stand for characters that CEF does not have.
  const named = org === undefined ? null : /[ \ufffd]/.test(org) ? undefined : unescaped(org);
  return { id: copy, at: Number(rt) / 1_000, org: named, text, isRounded: true };
}

/** The cells of a record; undefined if it is none by RFC 4180. */
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

/** A cell without the apostrophe that keeps a spreadsheet from calculating it. */
const cellText = (cell: string) => cell.replace(/^'(?='*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20])/, '');

function parseCsv(text: string): Found | undefined {
  const cells = text.endsWith('\r') ? cellsOf(text.slice(0, -1)) : undefined;
  if (cells?.length !== CSV_COLUMNS.length) return undefined;
  const [id = '', , createdAt = ''] = cells;
  return agreeing(cells.at(-1), cellText(id), Number(createdAt || 'none') * 1_000);
}

const PARSERS: Readonly<Record<Exclude<FormatName, 'parquet'>, Parse>> = {
  jsonl: foundIn,
  csv: parseCsv,
  ocsf: parseOcsf,
  ecs: parseEcs,
  cef: parseCef,
};

const CSV_HEADER = `${CSV_COLUMNS.join(',')}\r`;

const quotes = (text: string) => {
  let count = 0;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1;
  return count;
};

/** Divides text into lines, or into records if a format allows line breaks in quotes. */
class LineReader implements Reader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #format: Exclude<FormatName, 'parquet'>;
  readonly #sink: Sink;
  #parts: string[] = [];
  #length = 0;
  #isQuoted = false;
  #line = 1;
  #isOver = false;
  #awaitsHeader: boolean;

  constructor(format: Exclude<FormatName, 'parquet'>, sink: Sink) {
    this.#format = format;
    this.#sink = sink;
    this.#awaitsHeader = format === 'csv';
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
    else if (this.#awaitsHeader) this.#stop('has no header');
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
    if (this.#awaitsHeader) {
      this.#awaitsHeader = false;
      if (text !== CSV_HEADER) this.#stop('is not the header of such a file');
      return;
    }
    const event = PARSERS[this.#format](text);
    if (event === undefined) this.#stop(`is not an event in the format ${this.#format}`);
    else this.#sink.event(event, this.#line);
  }

  #stop(what: string): void {
    this.#isOver = true;
    this.#sink.problem(what, this.#line);
  }
}

/** The reader of a text format. */
export const openReader = (format: Exclude<FormatName, 'parquet'>, sink: Sink): Reader => new LineReader(format, sink);
