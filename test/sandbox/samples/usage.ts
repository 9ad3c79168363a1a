import { type Bench, START } from '../support.ts';
import type { Sample, Samples } from './sample.ts';

const now = START / 1000;
const range = { time_after: String(now - 30 * 86_400), time_before: String(now) };
const ranged = (): Sample => ({ query: range });

async function startedSession(bench: Bench): Promise<string> {
  const created = (await bench.create({ prompt: 'x', tags: ['sandbox:pr'] })).body;
  const id = created.session_id.replace(/^(devin-)?/, 'devin-');
  await bench.later(10, id);
  return id;
}

/** Metrics of the enterprise and of one organization that need both ends of a range. */
const metrics = ['ActiveUsers', 'Dau', 'Wau', 'Mau', 'PrMetrics', 'SearchMetrics', 'SessionMetrics'];

/** Requests about consumption, metrics, insights, guardrails and the sessions of the enterprise. */
export const usageSamples: Samples = {
  params: { session_id: startedSession },
  requests: {
    ...Object.fromEntries(
      metrics.flatMap((name) => [`getEnterprise${name}`, `getOrg${name}`].map((id) => [id, ranged])),
    ),
    getEnterpriseSessionsByCategory: ranged,
    seedListOrganizationsDailyConsumption: () => ({ query: { start_date: '2026-01-01', end_date: '2026-01-31' } }),
    setOrgDevinAcuLimit: () => ({ body: { cycle_acu_limit: 100 } }),
    async deleteOrgDevinAcuLimit(bench) {
      const path = `/v3/enterprise/consumption/acu-limits/devin/organizations/${bench.org}`;
      await bench.ask(path, { method: 'PUT', json: { cycle_acu_limit: 100 } });
      return {};
    },
    updateUserAcuLimits: () => ({ body: { local_agent: { cycle_acu_limit: 20 } } }),
    sendEnterpriseSessionMessage: () => ({ body: { message: 'x' } }),
    appendEnterpriseSessionTags: () => ({ body: { tags: ['x'] } }),
    replaceEnterpriseSessionTags: () => ({ body: { tags: ['y'] } }),
  },
};
