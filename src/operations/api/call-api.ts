import { basename, join } from 'node:path';
import { ActionError } from '../../contract/errors.ts';
import { isRecord, jsonText } from '../../contract/json.ts';
import type { AnyCall } from '../../devin/client.ts';
import type { Endpoint } from '../../devin/endpoint.ts';
import { code, sections } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { count, number, size } from '../../report/units.ts';
import { fieldsTable, rowsTable } from '../../report/values.ts';
import { whyMissing } from '../../runner/checkout.ts';
import type { Context, Report } from '../operation.ts';
import { operation, ready } from '../operation.ts';
import { type Arguments, readArguments } from './arguments.ts';
import { type Kept, MAX_KEPT_BYTES, Rows, SAMPLE_ROWS } from './rows.ts';
import { mayHoldSecrets, secretsIn } from './secrets.ts';
import { counterpartOf, findTarget, type Target } from './target.ts';

/** Rows after which a line of progress is due. */
const PROGRESS_ROWS = 10_000;

interface Prepared {
  readonly target: Target;
  readonly arguments: Arguments;
}

type CallContext = Context<'endpoint' | 'params' | 'body' | 'paginate' | 'body_file', 'endpoint'>;
type CallReport = Report<'status_code' | 'body' | 'body_file' | 'count'>;

/** Refuses an operation that the credential's version of the API lacks, and names the one to use. */
function checkVersion({ endpoint }: Target, { version }: CallContext): void {
  if ((endpoint.version === 'v2') === (version === 'v2')) return;
  const other = counterpartOf(endpoint);
  const needs = endpoint.version === 'v2' ? 'a legacy personal key (apk_user_…)' : 'a service user key (cog_…)';
  throw new ActionError(
    'input_invalid',
    `${endpoint.id} (${endpoint.route}) belongs to ${endpoint.version} of the API, which needs ${needs}.`,
    {
      fix:
        other === undefined
          ? `Pass ${needs} in \`devin_token\`.`
          : `Use \`${other.id}\` (${other.route}), or pass ${needs}.`,
    },
  );
}

/** Fills in the organization where the path has one and nobody named it. */
async function complete(
  { endpoint, version }: Target,
  { params, query, body }: Arguments,
  context: CallContext,
): Promise<AnyCall> {
  const needsOrg = endpoint.path.includes('{org_id}') && params['org_id'] === undefined;
  const org = needsOrg ? { org_id: await context.organization() } : {};
  return {
    params: { ...params, ...org },
    query,
    ...(body === undefined ? {} : { body }),
    ...(version === undefined ? {} : { version }),
  };
}

function mask(text: string, value: unknown, { secrets }: Endpoint, context: CallContext): void {
  if (!mayHoldSecrets(text, secrets)) return;
  for (const secret of secretsIn(value, secrets)) context.log.mask(secret);
}

/** Largest file that is uploaded. */
const MAX_UPLOAD_BYTES = 100 * 1024 * 1024;

/** Reads the file that the body names, for an endpoint that takes one. */
async function withFile({ multipart }: Endpoint, call: AnyCall, { workspace }: CallContext): Promise<AnyCall> {
  if (multipart !== true || !isRecord(call.body)) return call;
  const path = String(call.body['file']);
  const read = await workspace.readBytes(path, MAX_UPLOAD_BYTES);
  if (!read.ok) {
    const why = (await whyMissing(workspace, path)) || '.';
    throw new ActionError('input_invalid', `The file ${JSON.stringify(path)} ${read.problem}${why}`);
  }
  const { body: _path, ...rest } = call;
  return { ...rest, file: { name: basename(path), bytes: read.bytes } };
}

/** A file that the endpoint redirects to. */
async function readFileAnswer(endpoint: Endpoint, call: AnyCall, context: CallContext): Promise<CallReport> {
  const bytes = await context.devin.download(endpoint, call);
  const file = await context.workspace.writeFile(context.inputs.body_file ?? '', bytes);
  context.log.info(`${count(bytes.length, 'byte')} in ${file}`);
  return {
    outcome: 'success',
    data: {
      endpoint: endpoint.id,
      route: endpoint.route,
      status_code: 200,
      body: null,
      body_file: file,
      count: undefined,
      bytes: bytes.length,
    },
    summary: sections(title('done', `${code(endpoint.route)} · ${size(bytes.length)} in ${code(file)}`)),
  };
}

/** Name of a file for an answer that is too large for an output; each step of a job has its own. */
const tempName = ({ facts }: CallContext, extension: string) =>
  `devin-api-answer-${(facts.step ?? 'step').replaceAll(/[^\w-]/g, '_')}.${extension}`;

/** Puts an answer where it belongs: the file that was asked for, the output, or a file where that is too small. */
async function keep(body: unknown, context: CallContext): Promise<Kept> {
  const { inputs, workspace, temp } = context;
  if (inputs.body_file !== undefined) {
    return {
      path: await workspace.writeFile(inputs.body_file, `${body === undefined ? '' : jsonText(body)}\n`),
      body: null,
    };
  }
  const clean = body === undefined ? null : context.redactValue(body);
  const text = clean === null ? '' : jsonText(clean);
  if (Buffer.byteLength(text) <= MAX_KEPT_BYTES) return { path: null, body: clean };
  const name = await temp.writeFile(tempName(context, 'json'), `${text}\n`);
  return { path: join(temp.root, name), body: null };
}

const rowsOf = (endpoint: Endpoint, context: CallContext) =>
  new Rows({
    file: context.inputs.body_file,
    workspace: context.workspace,
    temp: context.temp,
    tempName: tempName(context, 'jsonl'),
    redact: (rows) => rows.map(context.redactValue),
    inspect: (text, rows) => mask(text, rows, endpoint, context),
  });

function report(endpoint: Endpoint, status: number, rows: Rows, { path, body }: Kept, isList: boolean): CallReport {
  const sample = rows.sample;
  const [first] = sample;
  const shown = isList ? rowsTable(sample) : isRecord(first) ? fieldsTable(first) : '';
  const more =
    rows.count > sample.length
      ? `${count(rows.count - sample.length, 'more row')}${path === null ? '' : ` in ${code(path)}`}.`
      : '';
  const rowCount = isList ? ` · ${count(rows.count, 'row')}` : '';
  return {
    outcome: 'success',
    data: {
      endpoint: endpoint.id,
      route: endpoint.route,
      status_code: status,
      body,
      body_file: path,
      count: isList ? rows.count : undefined,
    },
    summary: sections(
      title('done', `${code(endpoint.route)}${rowCount}`),
      sample.length === 0 ? 'The response is empty.' : shown,
      more,
    ),
  };
}

/** The largest page that the list gives, unless the step asks for another size. */
function widest({ query: schema }: Endpoint, call: AnyCall): AnyCall {
  const name = ['first', 'limit'].find((size) => schema?.().safeParse({ ...call.query, [size]: 1 }).success);
  if (name === undefined || call.query?.[name] !== undefined) return call;
  const size = [200, 100].find((most) => schema?.().safeParse({ ...call.query, [name]: most }).success);
  return size === undefined ? call : { ...call, query: { ...call.query, [name]: size } };
}

/** Reads every page, row by row into a file or an output. */
async function readAll(endpoint: Endpoint, call: AnyCall, context: CallContext): Promise<CallReport> {
  const rows = rowsOf(endpoint, context);
  let said = 0;
  try {
    for await (const { items } of context.devin.rawPages(endpoint, widest(endpoint, call))) {
      await rows.add(items);
      if (rows.count - said >= PROGRESS_ROWS) {
        said = rows.count;
        context.log.progress(`${number(rows.count)} rows`);
      }
    }
    const kept = await rows.finish();
    context.log.info(`${count(rows.count, 'row')}${kept.path === null ? '' : ` in ${kept.path}`}`);
    return report(endpoint, 200, rows, kept, true);
  } catch (thrown) {
    await rows.discard();
    throw thrown;
  }
}

/** One request, and its answer as it is. */
async function readOne(endpoint: Endpoint, call: AnyCall, context: CallContext): Promise<CallReport> {
  const { status, body } = await context.devin.raw(endpoint, call);
  mask(body === undefined ? '' : jsonText(body), body, endpoint, context);
  const isList = Array.isArray(body);
  const rows = rowsOf(endpoint, context);
  rows.sample.push(...(isList ? body.slice(0, SAMPLE_ROWS) : body === undefined ? [] : [body]));
  rows.count = isList ? body.length : 1;
  const kept = await keep(body, context);
  context.log.info(`HTTP ${status}${kept.path === null ? '' : `, response in ${kept.path}`}`);
  return report(endpoint, status, rows, kept, isList);
}

/** Calls any operation of the Devin API. */
export const callApiOperation = operation({
  name: 'call-api',
  summary: 'Calls any operation of the Devin API, v3 or legacy v2, and returns its response.',
  inputs: ['endpoint', 'params', 'body', 'paginate', 'body_file'],
  required: ['endpoint'],
  outputs: ['status_code', 'body', 'body_file', 'count'],
  permissions: [],
  versions: ['v3', 'v2'],
  async prepare({ endpoint, params, body, body_file: file }, checks) {
    const reason = file === undefined ? undefined : await checks.workspace.whyNotWritable(file);
    if (reason !== undefined) checks.problem('body_file', `names ${JSON.stringify(file)}, which ${reason}`);
    if (endpoint === undefined) return ready(undefined);
    const found = findTarget(endpoint);
    if (!found.ok) {
      checks.problem('endpoint', `is ${JSON.stringify(endpoint)}, which ${found.problem}`);
      return ready(undefined);
    }
    const { target } = found;
    const { id, redirects, secrets } = target.endpoint;
    if (redirects === true && file === undefined) checks.problem('body_file', `is missing; ${id} returns a file`);
    if (secrets !== undefined && file === undefined) {
      checks.problem('body_file', `is missing; ${id} returns a secret only once, and only this file will contain it`);
    }
    const all = await readArguments(target.endpoint, target.params, { params, body }, checks);
    return ready<Prepared | undefined>({ target, arguments: all });
  },
  async run(context, prepared): Promise<CallReport> {
    if (prepared === undefined) throw new ActionError('internal', 'There is no endpoint to call.');
    const { target } = prepared;
    checkVersion(target, context);
    const { endpoint } = target;
    const call = await withFile(endpoint, await complete(target, prepared.arguments, context), context);
    context.log.info(`${endpoint.route} (${endpoint.id})`);
    if (endpoint.redirects === true) return await readFileAnswer(endpoint, call, context);
    const pagesAll = endpoint.paging !== 'none' && context.inputs.paginate;
    return pagesAll ? await readAll(endpoint, call, context) : await readOne(endpoint, call, context);
  },
});
