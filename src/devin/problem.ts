import { ActionError } from '../contract/errors.ts';
import { isRecord, jsonText } from '../contract/json.ts';
import type { HttpResponse } from '../http/body.ts';
import { codeOf, isUnclear, RequestFailure } from '../http/failure.ts';
import { shortened } from '../report/shorten.ts';
import { adviceFor } from './advice.ts';
import type { RequestFacts } from './request-facts.ts';

const MAX_DETAIL = 500;
/** The head of an HTML page, in which its title stands. */
const MAX_HTML = 10_000;

const textOf = (value: unknown) => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `body.tags: at most 50 items` out of one validation error, in the shape of RFC 9457 or of the older pages. */
function fieldError(entry: unknown): string | undefined {
  if (!isRecord(entry)) return Array.isArray(entry) ? jsonText(entry) : textOf(entry);
  const place = entry['loc'] ?? entry['field'] ?? entry['pointer'] ?? entry['path'];
  const where = Array.isArray(place) ? place.join('.') : textOf(place);
  const what = textOf(entry['msg']) ?? textOf(entry['message']) ?? textOf(entry['detail']) ?? jsonText(entry);
  return where === undefined ? what : `${where}: ${what}`;
}

const presentTexts = (values: readonly (string | undefined)[]) => values.filter((value) => value !== undefined);

/** What an error's body says: a sentence, and field by field. */
export interface ProblemText {
  readonly detail: string | undefined;
  readonly fields: readonly string[];
}

const isHtml = (contentType: string, body: string) => /html/i.test(contentType) || /^\s*<(!doctype|html)/i.test(body);

/** Whether a response is a web page: one of a proxy, or of the web app in place of the API. */
export const isWebPage = (contentType: string, body: Buffer): boolean =>
  isHtml(contentType, body.subarray(0, MAX_HTML).toString('utf8'));

/** Reads an error's body: problem+json, `{"detail": …}` with a text or a list, HTML of a proxy, or plain text. */
export function problemText(contentType: string, body: string): ProblemText {
  const json = parseJson(body);
  if (Array.isArray(json)) return { detail: undefined, fields: [] };
  if (isRecord(json)) {
    const { detail, errors, title } = json;
    const lists = [...(Array.isArray(errors) ? errors : []), ...(Array.isArray(detail) ? detail : [])];
    const isObject = isRecord(detail);
    const inner = isObject ? (textOf(detail['message']) ?? jsonText(detail)) : textOf(detail);
    const said = inner ?? textOf(json['message']) ?? textOf(json['error']) ?? textOf(title);
    return {
      detail: said === undefined ? undefined : shortened(said, MAX_DETAIL),
      fields: presentTexts(lists.map(fieldError)),
    };
  }
  if (isHtml(contentType, body)) {
    const [, title] = /<title[^>]*>([^<]*)<\/title>/i.exec(body.slice(0, MAX_HTML)) ?? [];
    const name = shortened(title?.trim() ?? 'no title', MAX_DETAIL);
    return { detail: `the response is an HTML page ("${name}") instead of JSON, perhaps from a proxy`, fields: [] };
  }
  const plain = shortened(body.trim().replace(/\s+/g, ' '), MAX_DETAIL);
  return { detail: plain === '' ? undefined : plain, fields: [] };
}

/** What a change without a clear answer leaves to a person. PUT and DELETE have been repeated by then, POST and PATCH not. */
const maybeDone = (method: string) =>
  method === 'POST' || method === 'PATCH'
    ? 'The request may have been carried out anyway, so it was not repeated. Check before you repeat it.'
    : 'The request may have been carried out anyway. Check before you repeat it.';

/** Whether a failure without a clear answer leaves open if a change was made. */
const changes = (method: string) => method !== 'GET';

/** The error that an answer outside of 2xx stands for. */
export function answerError({ status, headers, body }: HttpResponse, facts: RequestFacts): ActionError {
  const header = (name: string) => String(headers[name] ?? '');
  const { detail, fields } = problemText(header('content-type'), body.toString('utf8'));
  const code = codeOf(status);
  const ambiguous = isUnclear(status) && changes(facts.method);
  const said = detail === undefined ? '' : `: ${detail}`;
  const isPage = isWebPage(header('content-type'), body);
  const { title, fix } = adviceFor(code, facts, {
    detail,
    isHtml: isPage,
    retryAfter: header('retry-after') || undefined,
    location: status >= 300 && status <= 399 ? header('location') || undefined : undefined,
  });
  const tail = ambiguous ? ` ${maybeDone(facts.method)}` : '';
  return new ActionError(code, `${facts.summary}: HTTP ${status} for ${facts.method} ${facts.path}${said}${tail}`, {
    ...(title === undefined ? {} : { title }),
    ...(fix === undefined ? {} : { fix }),
    list: fields,
    status,
    ambiguous,
  });
}

/** The same error, for a change that was cut short by the timeout of the step or by a canceled workflow. */
const interrupted = ({ code, message, fix, cause }: ActionError, about: string, method: string) =>
  new ActionError(code, `${message} ${about} had no response yet. ${maybeDone(method)}`, {
    fix,
    cause,
    ambiguous: true,
  });

/** The error that a request without a whole response stands for. Another `ActionError`, such as a closed gate, stays. */
export function connectionError(thrown: unknown, facts: RequestFacts): ActionError {
  if (thrown instanceof ActionError) return thrown;
  const about = `${facts.summary}: ${facts.method} ${facts.path}`;
  const failure = thrown instanceof RequestFailure ? thrown : undefined;
  const ambiguous = changes(facts.method) && failure?.left !== false;
  if (failure?.kind === 'aborted' && failure.cause instanceof ActionError) {
    return ambiguous ? interrupted(failure.cause, about, facts.method) : failure.cause;
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const tail = ambiguous ? ` ${maybeDone(facts.method)}` : '';
  const code = failure?.kind === 'too_large' ? 'api_contract' : 'api_unavailable';
  return new ActionError(code, `${about}: ${message}.${tail}`, { cause: failure?.cause ?? thrown, ambiguous });
}
