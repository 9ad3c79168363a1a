import * as z from 'zod/mini';
import { readHabits, resolveHabits } from '../../contract/habits.ts';
import { parseJson } from '../request/body.ts';
import { invalidField, json, notFound, Problem, type Reply } from '../request/problem.ts';
import { checkStrictly } from '../request/validate.ts';
import { messagesOf } from '../views/session-view.ts';
import { existing } from '../world/handler.ts';
import type { Core } from './core.ts';
import { FaultList } from './faults.ts';

const count = (most: number) => z.optional(z.int().check(z.gte(0), z.lte(most)));

const SeedBody = () =>
  z.strictObject({
    organizations: z.optional(z.int().check(z.gte(1), z.lte(10_000))),
    repositories: count(1_000_000),
    permissions_per_org: count(100_000),
    audit_logs: count(10_000_000),
    audit_log_days: z.optional(z.number().check(z.gt(0), z.lte(3650))),
    users: count(100_000),
    sessions: count(100_000),
  });

const LatencyBody = () => z.strictObject({ ms: z.number().check(z.gte(0), z.lte(600_000)) });

const ClockBody = () =>
  z.strictObject({
    advance_ms: z.optional(z.number().check(z.gte(0))),
    speed: z.optional(z.number().check(z.gte(0), z.lte(1_000_000))),
  });

/** How many of each thing there are now. */
function countsOf(core: Core): Record<string, number> {
  const world = core.world();
  const { state } = world;
  let messages = 0;
  for (const row of state.sessions.all()) messages += messagesOf(world, row).length;
  return {
    organizations: state.organizations.size,
    users: state.users.size,
    sessions: state.sessions.size,
    messages,
    attachments: state.files.size,
    repositories: state.repositories.size,
    git_connections: state.connections.size,
    permissions_per_org: state.counts.permissions_per_org,
    audit_logs: state.audit.size,
    faults: core.faults.left,
    requests: core.journal.entries.length,
  };
}

const HabitsBody = () => z.record(z.string(), z.unknown());

function habitsOf({ settings }: Core): Record<string, unknown> {
  return { preset: settings.preset, ...resolveHabits(settings) };
}

function clockOf({ clock }: Core): { now_ms: number; speed: number } {
  return { now_ms: clock.now(), speed: clock.speed };
}

type Control = (core: Core, body: unknown) => unknown;

const CONTROLS: Readonly<Record<string, Readonly<Record<string, Control>>>> = {
  '/sandbox/reset': {
    POST: (core) => {
      core.reset();
      return countsOf(core);
    },
  },
  '/sandbox/seed': {
    POST: (core, body) => {
      const given = checkStrictly(SeedBody(), body ?? {}, ['body']);
      core.seed(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
      return countsOf(core);
    },
  },
  '/sandbox/latency': {
    POST: (core, body) => {
      core.latency = checkStrictly(LatencyBody(), body, ['body']).ms;
      return { ms: core.latency };
    },
  },
  '/sandbox/clock': {
    GET: clockOf,
    POST: (core, body) => {
      const { advance_ms: advance, speed } = checkStrictly(ClockBody(), body, ['body']);
      core.clock.adjust(advance ?? 0, speed);
      return clockOf(core);
    },
  },
  '/sandbox/habits': {
    GET: habitsOf,
    POST: (core, body) => {
      const parsed = readHabits(checkStrictly(HabitsBody(), body, ['body']), core.settings);
      if (!parsed.ok) throw invalidField(['body'], `Expected ${parsed.problem}`, 'unknown_habit');
      core.settings = parsed.value;
      return habitsOf(core);
    },
  },
  '/sandbox/faults': {
    POST: (core, body) => {
      core.faults.add(checkStrictly(FaultList(), body, ['body']));
      return { left: core.faults.left };
    },
    DELETE: (core) => {
      core.faults.clear();
      return { left: 0 };
    },
  },
  '/sandbox/requests': {
    GET: (core) => ({ items: core.journal.entries }),
    DELETE: (core) => {
      core.journal.clear();
      return { items: [] };
    },
  },
  '/sandbox/state': { GET: countsOf },
};

function fileReply(core: Core, id: string, authorization: string | undefined): Reply {
  if (authorization !== undefined) {
    throw new Problem(400, 'Only one way to authenticate is allowed: the address is signed, so send no Authorization');
  }
  const { name, contentType, bytes } = existing(core.state.files.get(id), 'File').value;
  const disposition = `attachment; filename*=UTF-8''${encodeURIComponent(name).replaceAll("'", '%27')}`;
  // A client may guess at a type of its own, and a browser must not run what a user uploaded.
  const headers = {
    'content-type': contentType,
    'content-disposition': disposition,
    'x-content-type-options': 'nosniff',
  };
  return { status: 200, headers, body: bytes };
}

/** A call under `/sandbox/`. */
export interface ControlRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** Whether it has the header that no web page can send without asking. */
  readonly isMarked: boolean;
  readonly bytes: Uint8Array;
}

function mayControl(core: Core, { authorization, isMarked }: ControlRequest): boolean {
  const name = core.journalName(authorization);
  return isMarked || (name !== 'none' && name !== 'unknown');
}

/** Answers a call under `/sandbox/`. @throws {Problem} */
export function control(core: Core, request: ControlRequest): Reply {
  const { method, path, bytes } = request;
  const file = /^\/sandbox\/files\/([\w-]+)$/.exec(path)?.[1];
  if (file !== undefined && method === 'GET') return fileReply(core, file, request.authorization);
  if (!mayControl(core, request)) {
    throw new Problem(403, 'A control call needs the header "x-sandbox-control: 1", or a credential of the sandbox');
  }
  const methods = Object.hasOwn(CONTROLS, path) ? CONTROLS[path] : file !== undefined ? {} : undefined;
  if (!methods) throw notFound('Control');
  const run = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (!run) {
    const allow = Object.keys(methods).join(', ') || 'GET';
    throw new Problem(405, 'Method not allowed', { headers: { allow } });
  }
  return json(run(core, parseJson(bytes)));
}
