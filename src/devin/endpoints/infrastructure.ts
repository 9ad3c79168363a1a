import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { secondsAs, tolerant } from '../tolerant.ts';
import { cursorQuery, open, page } from './shapes.ts';

/** States of a hypervisor that a list can be asked for; answers may hold others. */
export const HYPERVISOR_STATUSES = ['available', 'restarting', 'disconnected', 'terminated', 'draining'] as const;

/** A machine that runs sessions. Times are Unix seconds; `utilization_percentage` is from 0 to 100. */
export const Hypervisor = lazy(() =>
  tolerant(
    {
      hypervisor_id: z.string(),
      status: z.string(),
      utilization_percentage: z.number(),
      cloud_provider_instance_id: z.nullable(z.string()),
      created_at: secondsAs(z.nullable(z.int())),
      last_heartbeat: secondsAs(z.nullable(z.int())),
    },
    ['hypervisor_id'],
  ),
);

/** Only the available hypervisors, unless `status` says otherwise. https://docs.devin.ai/api-reference/v3/hypervisors */
export const listHypervisors = endpoint('listHypervisors', 'GET /v3/enterprise/hypervisors', {
  summary: 'List the hypervisors of the enterprise',
  permission: ['ViewEnterpriseInfraDetails'],
  paging: 'cursor',
  query: lazy(() => z.strictObject({ ...cursorQuery, status: z.optional(z.enum([...HYPERVISOR_STATUSES, 'all'])) })),
  answer: page(Hypervisor),
  beta: true,
});

/** How many sessions wait for a machine: those that are new, claimed or resuming. */
export const QueueStatus = lazy(() => tolerant({ queue_size: z.int(), status: open(['normal', 'elevated', 'high']) }));

/** The length of the queue, and what to think of it. https://docs.devin.ai/api-reference/v3/queue */
export const getQueueStatus = endpoint('getQueueStatus', 'GET /v3/enterprise/queue', {
  summary: 'Show how many sessions are queued',
  permission: ['ViewAccountMetrics'],
  answer: QueueStatus,
});
