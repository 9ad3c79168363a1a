import { join } from 'node:path';
import { jsonText } from '../../contract/json.ts';
import type { Draft, Workspace } from '../../runner/workspace.ts';

/** Largest answer that an output holds. */
export const MAX_KEPT_BYTES = 256 * 1024;
/** Rows that a summary may show. */
export const SAMPLE_ROWS = 50;

/** Where rows go besides memory. */
export interface RowsTarget {
  /** The file that was asked for; undefined for one that is only made when the rows are too many for an output. */
  readonly file: string | undefined;
  readonly workspace: Workspace;
  readonly temp: Workspace;
  /** Its name in `temp`; a row a line. */
  readonly tempName: string;
  /** Looks at rows, and at their text, before anything is done with them. */
  readonly inspect: (text: string, rows: readonly unknown[]) => void;
  /** Takes the secrets out of rows; for everything but a file that was asked for. */
  readonly redact: (rows: readonly unknown[]) => readonly unknown[];
}

/** Where a response is now: in a file, or here, if it is not larger than an output may be. */
export interface Kept {
  readonly path: string | null;
  /** A value of JSON; null if it is in a file, or empty. */
  readonly body: unknown;
}

/** Takes the rows of a list as they come: a file, and what fits into an output and a summary. Memory stays flat. */
export class Rows {
  readonly #target: RowsTarget;
  readonly #byLine: boolean;
  #draft: Draft | undefined;
  #kept: string[] = [];
  #keptBytes = 0;
  /** The first rows, for a summary. */
  readonly sample: unknown[] = [];
  count = 0;

  constructor(target: RowsTarget) {
    this.#target = target;
    this.#byLine = /\.(jsonl|ndjson)$/i.test(target.file ?? target.tempName);
  }

  /** Adds a page of rows. */
  async add(rows: readonly unknown[]): Promise<void> {
    if (rows.length === 0) return;
    const room = SAMPLE_ROWS - this.sample.length;
    if (room > 0) this.sample.push(...rows.slice(0, room));
    const text = this.#written(rows);
    this.#target.inspect(text, rows);
    if (this.#target.file !== undefined) {
      this.#draft ??= await this.#target.workspace.draft(this.#target.file);
      await this.#draft.write(this.#opening() + text);
    } else {
      await this.#keepOrSpill(this.#written(this.#target.redact(rows)));
    }
    this.count += rows.length;
  }

  /** Rows as the file has them, without what stands around them. */
  #written(rows: readonly unknown[]): string {
    if (!this.#byLine) return jsonText(rows).slice(1, -1);
    let text = '';
    for (const row of rows) text += `${jsonText(row)}\n`;
    return text;
  }

  /** What stands before the next rows. */
  #opening(): string {
    if (this.#byLine) return '';
    return this.count === 0 ? '[\n' : ',\n';
  }

  async #keepOrSpill(text: string): Promise<void> {
    this.#keptBytes += Buffer.byteLength(text);
    if (this.#draft === undefined) {
      this.#kept.push(text);
      if (this.#keptBytes <= MAX_KEPT_BYTES) return;
      this.#draft = await this.#target.temp.draft(this.#target.tempName);
      await this.#draft.write(this.#kept.join(''));
      this.#kept = [];
    } else {
      await this.#draft.write(text);
    }
  }

  /** Ends the file, if there is one. */
  async finish(): Promise<Kept> {
    const { file, workspace, temp } = this.#target;
    if (file !== undefined) this.#draft ??= await workspace.draft(file);
    if (this.#draft === undefined) {
      return { path: null, body: JSON.parse(`[${this.#kept.join('').trimEnd().replaceAll('\n', ',')}]`) };
    }
    if (!this.#byLine) await this.#draft.write(this.count === 0 ? '[]\n' : '\n]\n');
    const path = await this.#draft.commit();
    return { path: file === undefined ? join(temp.root, path) : path, body: null };
  }

  /** Takes an unfinished file away. */
  async discard(): Promise<void> {
    await this.#draft?.discard();
  }
}
