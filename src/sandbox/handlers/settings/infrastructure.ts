import { getQueueStatus, type HYPERVISOR_STATUSES, listHypervisors } from '../../../devin/endpoints/infrastructure.ts';
import { pageOf } from '../../request/page.ts';
import { standing } from '../../views/session-view.ts';
import { type Handler, on } from '../../world/handler.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { type Row, Table } from '../../world/table.ts';

interface Machine {
  readonly status: (typeof HYPERVISOR_STATUSES)[number];
  readonly instance: string | null;
  readonly created: number;
  /** Milliseconds, sandbox time; null for one that is alive. */
  readonly lastHeard: number | null;
}

/** How many sessions one hypervisor runs at most. */
const SLOTS = 8;
/** From how many waiting sessions on the queue is called so. */
const ELEVATED = 5;
const HIGH = 20;
const MINUTE = 60_000;
const DAY = 86_400_000;

const table = shelf(({ seeded, now }) => {
  const machines = new Table<Machine>();
  const statuses = [
    'available',
    'available',
    'available',
    'draining',
    'restarting',
    'disconnected',
    'terminated',
  ] as const;
  statuses.forEach((status, i) => {
    machines.add(`hypervisor-${seeded.hex('hypervisor', i)}`, null, {
      status,
      instance: status === 'disconnected' ? null : `i-${seeded.hex('instance', i).slice(0, 17)}`,
      created: now - (90 - i) * DAY,
      lastHeard: status === 'disconnected' ? now - 40 * MINUTE : status === 'terminated' ? now - 3 * DAY : null,
    });
  });
  return machines;
});

/** How many sessions of organizations that exist have one of the statuses at this moment. */
function sessionsIn(world: World, statuses: readonly string[]): number {
  const { state } = world;
  return state.sessions
    .all()
    .filter(
      ({ orgId, value }) => state.organizations.get(orgId ?? '') && statuses.includes(standing(world, value).status),
    ).length;
}

/** Running sessions are shared out among the available hypervisors in turn. */
function show(world: World, { n, id, value }: Row<Machine>, running: number) {
  const available = table(world)
    .all()
    .filter((row) => row.value.status === 'available');
  const turn = available.findIndex((row) => row.n === n);
  const busy = turn < 0 ? 0 : Math.floor((running + available.length - 1 - turn) / available.length);
  // One that is alive was heard of at the last full half minute.
  const heard = value.lastHeard ?? world.now - (world.now % (MINUTE / 2));
  return {
    hypervisor_id: id,
    status: value.status,
    utilization_percentage: Math.min(100, (busy / SLOTS) * 100),
    cloud_provider_instance_id: value.instance,
    created_at: Math.floor(value.created / 1000),
    last_heartbeat: Math.floor(heard / 1000),
  };
}

/** Hypervisors and the queue in front of them. */
export const infrastructureHandlers: readonly Handler[] = [
  on(listHypervisors, ({ world, query }) => {
    const status = query.status ?? 'available';
    const rows = table(world)
      .all()
      .filter((row) => status === 'all' || row.value.status === status);
    const running = sessionsIn(world, ['running']);
    return pageOf(listHypervisors.id, rows, query, (row) => show(world, row, running));
  }),
  on(getQueueStatus, ({ world }) => {
    const size = sessionsIn(world, ['new', 'claimed', 'resuming']);
    return { queue_size: size, status: size >= HIGH ? 'high' : size >= ELEVATED ? 'elevated' : 'normal' };
  }),
];
