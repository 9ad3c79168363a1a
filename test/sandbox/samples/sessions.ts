import type { Bench } from '../support.ts';
import type { Samples } from './sample.ts';

async function uploaded(bench: Bench): Promise<{ attachment_id: string; name: string; url: string }> {
  const data = new FormData();
  data.append('file', new Blob(['x']), 'x.txt');
  return (await bench.ask(bench.path('attachments'), { method: 'POST', body: data })).body;
}

const PULL_REQUEST = { pr_url: 'https://github.com/acme/api/pull/7' };
const AUTOMATION = { name: 'x', triggers: [{ type: 'github:issues' }], actions: [{ type: 'start_session' }] };

async function made(bench: Bench, path: string, json: unknown): Promise<Record<string, string>> {
  return (await bench.ask(bench.path(path), { method: 'POST', json })).body;
}

async function reviewed(bench: Bench) {
  await made(bench, 'pr-reviews', PULL_REQUEST);
  return { query: PULL_REQUEST };
}

async function scanned(bench: Bench): Promise<string> {
  const { scan_id: id = '' } = await made(bench, 'code-scans', { repo_name: 'acme/api' });
  bench.clock.ms += 60_000;
  return id;
}

/** Requests about sessions, their attachments, and what starts sessions. */
export const sessionsSamples: Samples = {
  params: {
    org_id: async (bench) => bench.org,
    async devin_id(bench) {
      const json = { prompt: 'x', tags: ['sandbox:pr', 'sandbox:structured'] };
      const id = (await bench.create(json)).body.session_id.replace(/^(devin-)?/, 'devin-');
      await bench.later(10, id);
      return id;
    },
    uuid: async (bench) => new URL((await uploaded(bench)).url).pathname.split('/')[2] ?? '',
    name: async () => 'x.txt',
    automation_id: async (bench) => (await made(bench, 'automations', AUTOMATION))['automation_id'] ?? '',
    scan_id: scanned,
    async finding_id(bench) {
      return (await bench.ask(bench.path('code-scans/findings'))).body.items[0].finding_id;
    },
  },
  requests: {
    createSession: () => ({ body: { prompt: 'x' } }),
    createPrReview: () => ({ body: PULL_REQUEST }),
    createEnterprisePrReview: () => ({ body: PULL_REQUEST }),
    getPrReview: reviewed,
    getEnterprisePrReview: reviewed,
    createAutomation: () => ({ body: AUTOMATION }),
    updateAutomation: () => ({ body: { enabled: false } }),
    createCodeScan: () => ({ body: { repo_name: 'acme/api' } }),
    listCodeScans: () => ({ query: { repo_name: 'acme/api' } }),
    listCodeScanFindings: async (bench) => ({ query: { scan_id: await scanned(bench), severity: 'high' } }),
    sendSessionMessage: () => ({ body: { message: 'x' } }),
    appendSessionTags: () => ({ body: { tags: ['x'] } }),
    replaceSessionTags: () => ({ body: { tags: ['y'] } }),
  },
};
