import type { IncomingMessage } from 'node:http';
import { invalidField, Problem } from './problem.ts';

/** An upload may hold at most this many bytes. */
export const MAX_UPLOAD_BYTES = 100 * 1024 * 1024;

/** A file of a form, its content read. */
export class FormFile {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;

  /** `contentType` may be empty where the form says none. */
  constructor(name: string, contentType: string, bytes: Uint8Array) {
    this.name = name;
    this.contentType = contentType || 'application/octet-stream';
    this.bytes = bytes;
  }
}

/** A form carries a few headers besides the file. */
const MAX_BODY_BYTES = MAX_UPLOAD_BYTES + 64 * 1024;

/** Reads a request's body to its end. @throws a 413 for one that is larger than any upload may be. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const tooLarge = () => new Problem(413, 'A file should be at most 100 MB', { headers: { connection: 'close' } });
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
  }
  return Buffer.concat(chunks);
}

/** JSON out of bytes; undefined where there are none. @throws a 400 for anything else. */
export function parseJson(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new Problem(400, 'The body is not valid JSON');
  }
}

/** A JSON body as the API takes it. @throws a 422 for a body that says it is something else. */
export function jsonBody(bytes: Uint8Array, contentType: string | undefined): unknown {
  if (bytes.byteLength > 0 && !/^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType ?? '')) {
    throw invalidField(['body'], 'The Content-Type should be application/json', 'content_type');
  }
  return parseJson(bytes);
}

/** The fields of a `multipart/form-data` body, files with their content. @throws a 422 for any other body. */
export async function formBody(bytes: Buffer, contentType: string | undefined): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  try {
    const body = new Uint8Array(bytes);
    const form = await new Response(body, { headers: { 'content-type': contentType ?? '' } }).formData();
    for (const [name, value] of form) {
      fields[name] =
        typeof value === 'string'
          ? value
          : new FormFile(value.name, value.type, new Uint8Array(await value.arrayBuffer()));
    }
  } catch {
    throw invalidField(['body'], 'The body should be multipart/form-data', 'content_type');
  }
  return fields;
}
