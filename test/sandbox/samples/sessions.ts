import type { Bench } from '../support.ts';
import type { Samples } from './sample.ts';

async function uploaded(bench: Bench): Promise<{ attachment_id: string; name: string; url: string }> {
  const data = new FormData();
  data.append('file', new Blob(['x']), 'x.txt');
  return (await bench.ask(bench.path('attachments'), { method: 'POST', body: data })).body;
}

/** Requests about sessions and their attachments. */
export const sessionsSamples: Samples = {
  params: {
    org_id: async (bench) => bench.org,
    async devin_id(bench) {
      const json = { prompt: 'x', tags: ['sandbox:pr', 'sandbox:structured'] };
      const { session_id: id } = (await bench.create(json)).body;
      await bench.later(10, id);
      return id;
    },
    uuid: async (bench) => (await uploaded(bench)).attachment_id,
    name: async () => 'x.txt',
  },
  requests: {
    createSession: () => ({ body: { prompt: 'x' } }),
    sendSessionMessage: () => ({ body: { message: 'x' } }),
    appendSessionTags: () => ({ body: { tags: ['x'] } }),
    replaceSessionTags: () => ({ body: { tags: ['y'] } }),
  },
};
