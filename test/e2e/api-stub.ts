import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a session is, besides what every session has: JSON texts, so that they may hold what no writer of JSON gives. */
type SessionJson = Readonly<Record<string, string>>;

/** An API with one session, which reports whatever a test wants. */
export interface Stub {
  readonly url: string;
  /** Bodies of the POST requests so far. */
  readonly posted: readonly string[];
  /** What the next responses hold. */
  session: SessionJson;
  /** Devin's last message. */
  message: string;
  /** Status and body of the response to everything, instead of the session. */
  failure: { readonly status: number; readonly body: string } | undefined;
  close(): Promise<void>;
}

/** The id of the session. */
export const STUB_ID = `devin-${'0a1b2c3d'.repeat(4)}`;

const USUAL: SessionJson = {
  session_id: JSON.stringify(STUB_ID),
  url: JSON.stringify(`https://app.devin.ai/sessions/${STUB_ID.slice(6)}`),
  status: '"running"',
  status_detail: '"finished"',
  title: '"A title"',
  tags: '[]',
  pull_requests: '[]',
  created_at: '1',
  updated_at: '2',
};

/** Starts an API on a free port. */
export async function openStub(): Promise<Stub> {
  const posted: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      if (request.method === 'POST') posted.push(body);
      response.setHeader('content-type', 'application/json');
      const messages = {
        items: [{ event_id: 'e1', source: 'devin', message: stub.message, created_at: 1 }],
        has_next_page: false,
      };
      if (stub.failure !== undefined) response.writeHead(stub.failure.status).end(stub.failure.body);
      else if (request.url?.includes('/messages')) response.end(JSON.stringify(messages));
      else {
        const all = Object.entries({ ...USUAL, ...stub.session });
        response.end(`{${all.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`);
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const stub: Stub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posted,
    session: {},
    message: '',
    failure: undefined,
    close: () => new Promise((done) => void server.close(() => done())),
  };
  return stub;
}

/** The inputs of a step that starts a session on it. */
export const stubInputs = (stub: Stub, inputs: Readonly<Record<string, string>> = {}) => ({
  operation: 'create-session',
  api_url: stub.url,
  devin_token: 'cog_stubstubstubstubstub',
  org_id: 'org-1',
  prompt: 'Fix it.',
  wait: 'finished',
  poll_interval: '1s',
  idempotency: 'none',
  completion_report: 'false',
  ...inputs,
});
