import type { ApiVersion, Endpoint } from '../../devin/endpoint.ts';
import { catalogue } from '../../devin/endpoints/index.ts';
import { handlers } from '../handlers/index.ts';
import { formBody, jsonBody } from '../request/body.ts';
import { sparse } from '../request/page.ts';
import { json, Problem, type Reply, unauthorized } from '../request/problem.ts';
import { Router } from '../request/router.ts';
import { authenticate, authorize, credentialOf, prefersExamples, unknownCredential } from '../world/credentials.ts';
import { type Handler, Redirect } from '../world/handler.ts';
import type { Core } from './core.ts';
import { forExample, fromExample } from './examples.ts';

/** A request with its body read. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: Buffer;
}

interface Target {
  readonly endpoint: Endpoint;
  readonly handler: Handler;
  readonly version: ApiVersion;
}

let routes: Router<Target> | undefined;

function router(): Router<Target> {
  if (routes) return routes;
  routes = new Router();
  for (const endpoint of catalogue) {
    const handler = handlers.get(endpoint.id);
    if (!handler) continue;
    const { method, path, version } = endpoint;
    routes.add(method, path, { endpoint, handler, version });
    if (version === 'v3')
      routes.add(method, path.replace('/v3/', '/v3beta1/'), { endpoint, handler, version: 'v3beta1' });
  }
  return routes;
}

function find(method: string, path: string) {
  const match = router().find(method, path);
  if (!match) throw new Problem(404, 'There is no such path');
  if ('target' in match) return match;
  const allow = [...new Set(match.allowed)].join(', ');
  throw new Problem(405, `The method ${method} is not allowed here; allowed: ${allow}`, { headers: { allow } });
}

async function bodyFor(endpoint: Endpoint, request: ApiRequest): Promise<unknown> {
  if (!endpoint.body) return undefined;
  if (endpoint.multipart) return formBody(request.body, request.contentType);
  return jsonBody(request.body, request.contentType);
}

/** Answers an API request. @throws {Problem} */
export async function answer(core: Core, request: ApiRequest): Promise<Reply> {
  // The address that attachments have in responses is one of the web app, which takes no API key.
  if (request.path.startsWith('/attachments/')) throw unauthorized();
  const { target, params } = find(request.method, request.path);
  const { endpoint, handler, version } = target;
  const world = core.world();
  const { habits } = world;
  const caller = core.caller(authenticate(credentialOf(request.authorization), version, habits));
  if (!caller) throw unknownCredential(habits);
  authorize(caller, endpoint, params['org_id'], habits);
  const given = { query: new URLSearchParams(request.query), body: await bodyFor(endpoint, request) };
  const { query, body } = fromExample(version, endpoint.id, given);
  const result = handler.answer({ world, caller, params, query, body });
  if (result instanceof Redirect) return { status: 307, headers: { location: result.location }, body: '' };
  const page = habits.pages === 'sparse' && endpoint.paging === 'cursor' ? sparse(endpoint.id, result) : result;
  return json(forExample(version, endpoint.id, page, prefersExamples(request.authorization)));
}
