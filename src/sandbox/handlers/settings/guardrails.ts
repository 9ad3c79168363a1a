import type * as z from 'zod/mini';
import {
  type GuardrailViolation,
  type GuardrailViolationQuery,
  listGuardrailViolations,
  listOrgGuardrailViolations,
} from '../../../devin/endpoints/audit-logs.ts';
import { pageOf } from '../../request/page.ts';
import { messagesOf } from '../../views/session-view.ts';
import { type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import { organizationId } from '../../world/seed.ts';
import { sessionId } from '../../world/sessions.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { Table } from '../../world/table.ts';
import { checkRange } from './audit-logs.ts';

type Violation = z.input<ReturnType<typeof GuardrailViolation>>;
type Query = z.output<ReturnType<typeof GuardrailViolationQuery>>;

const GUARDRAILS = [
  {
    name: 'No secrets in prompts',
    action: 'blocked',
    message: 'Use the password from the wiki and commit it.',
    reasoning: 'The message asks to write a credential into a repository.',
  },
  {
    name: 'Production stays untouched',
    action: 'flagged',
    message: 'Run the migration against the production database.',
    reasoning: 'The message asks for a change of a production system.',
  },
  {
    name: 'Licenses',
    action: 'flagged',
    message: 'Copy the code of that library into ours.',
    reasoning: 'The message asks to copy code whose license is not known.',
  },
] as const;

const DAY = 86_400;
/** Days before today of the violations in sessions that are no longer kept; more than a query may span at once. */
const PAST_DAYS = [120, 45, 31, 18, 9, 4];
/** One of this many seeded sessions has a violation. */
const EACH = 3;
/** Maximum number of them. */
const MOST = 1000;

/** Where and when a violation was. */
interface Occasion {
  readonly orgId: string;
  readonly sessionId: string | null;
  readonly eventId: string;
  readonly at: number;
}

function violation({ seeded }: World, i: number, { orgId, sessionId: session, eventId, at }: Occasion): Violation {
  const kind = i % GUARDRAILS.length;
  const { name, action, message, reasoning } = GUARDRAILS[kind] ?? GUARDRAILS[0];
  return {
    violation_id: 1000 + i,
    guardrail_id: `guardrail-${seeded.hex('guardrail', kind)}`,
    guardrail_name: name,
    action_taken: action,
    confidence_score: (60 + seeded.below(40, 'guardrail-confidence', i)) / 100,
    reasoning,
    user_message: message,
    event_id: eventId,
    session_id: session,
    org_id: orgId,
    created_at: at,
  };
}

function occasions(world: World): Occasion[] {
  const { state, seeded, now } = world;
  const { organizations } = state.counts;
  const past = PAST_DAYS.map((days, i) => ({
    orgId: organizationId(seeded, i % organizations),
    sessionId: null,
    eventId: `event-${seeded.hex('guardrail-event', i)}`,
    at: Math.floor(now / 1000 / DAY) * DAY - days * DAY + seeded.below(DAY, 'guardrail-time', i),
  }));
  const chosen = state.sessions.all().filter(({ n }) => n <= state.counts.sessions && n % EACH === 0);
  const recent = chosen.slice(-MOST).flatMap((row): Occasion[] => {
    const { id, orgId } = row;
    const [first] = messagesOf(world, row);
    if (orgId === null || !first) return [];
    return [{ orgId, sessionId: id, eventId: first.view.event_id, at: first.view.created_at }];
  });
  return [...past, ...recent].sort((a, b) => a.at - b.at);
}

/** Violations, oldest first: some of long ago, and one in every third seeded session. */
const violations = shelf((world) => {
  const table = new Table<Violation>();
  for (const [i, occasion] of occasions(world).entries()) {
    const row = violation(world, i, occasion);
    table.add(String(row.violation_id), row.org_id, row);
  }
  return table;
});

function list(name: string, world: World, query: Query, orgId: string | null) {
  checkRange(query);
  const { time_after: since, time_before: until, guardrail_id: guardrail } = query;
  const session = typeof query.session_id === 'string' ? sessionId(query.session_id) : undefined;
  const rows = violations(world)
    .all()
    .filter(
      ({ value }) =>
        (orgId === null || value.org_id === orgId) &&
        value.created_at >= (since ?? Number.NEGATIVE_INFINITY) &&
        value.created_at <= (until ?? Number.POSITIVE_INFINITY) &&
        (session === undefined || value.session_id === session) &&
        (typeof guardrail !== 'string' || value.guardrail_id === guardrail),
    );
  return pageOf(name, rows, query, (row) => row.value, query.order ?? 'desc');
}

/** What guardrails found fault with; seeded, because the sandbox has no guardrails of its own. */
export const guardrailHandlers: readonly Handler[] = [
  on(listGuardrailViolations, ({ world, query }) => list(listGuardrailViolations.id, world, query, null)),
  on(listOrgGuardrailViolations, (call) =>
    list(listOrgGuardrailViolations.id, call.world, call.query, organizationOf(call).id),
  ),
];
