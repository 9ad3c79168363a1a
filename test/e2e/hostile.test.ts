import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { marked } from 'marked';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';

/** Texts that try to leave the place where they are printed. */
const ATTACKS = [
  '::error::forged',
  'a\r::set-output name=outcome::forged',
  'a\n  ::add-mask::forged',
  '\u2028::warning::forged',
  '\u0085::warning::forged',
  '##[error]forged',
  '###[command]forged',
  '\u001b[2J\u001b[31m::error::forged',
  '\ufeff::stop-commands::forged',
  'x\nghadelimiter_\noutcome=forged\noutcome<<EOF\nforged\nEOF',
  '</summary></details><img src=x onerror=alert(1)> [a](javascript:alert(1)) @everyone #1',
  '```\n</code>\n# forged heading\n| a | b |\n|---|---|',
  '`` ` ``` ~~~~',
  '\u202egnp.exe\u2066',
  'the key is cog_hostile_secret_key and the secret is hunter2hunter2',
];

/** The secrets, also where backslashes stand before their punctuation. */
const SECRETS = /cog\\*_hostile\\*_secret\\*_key|hunter2hunter2/;

const HOSTILE = ATTACKS.join('\n');

let server: Server;
let url: string;
let elsewhere: string[];
let other: Server;
/** What the hostile API answers with besides attacks. */
let lastMessage = HOSTILE;

const session = {
  session_id: 'devin-1',
  url: 'https://app.devin.ai/sessions/1)[x](javascript:alert(1)',
  status: 'running',
  status_detail: 'finished',
  title: HOSTILE,
  tags: ATTACKS,
  org_id: HOSTILE,
  created_at: 1,
  updated_at: 2,
  acus_consumed: 1,
  pull_requests: [
    { pr_url: `javascript:alert(1)//${HOSTILE}`, pr_state: HOSTILE },
    { pr_url: 'https://github.com/acme/api/pull/1', pr_state: 'open' },
  ],
  structured_output: { text: HOSTILE, [HOSTILE]: ['cog_hostile_secret_key'] },
  playbook_id: HOSTILE,
  devin_mode: HOSTILE,
};

beforeAll(async () => {
  elsewhere = [];
  other = createServer((request, response) => {
    elsewhere.push(`${request.method} ${request.headers.authorization ?? 'no credential'}`);
    response.end('{}');
  });
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
  const { port: otherPort } = other.address() as AddressInfo;
  server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/redirect/')) {
      response.writeHead(307, { location: `http://127.0.0.1:${otherPort}${path}` }).end();
      return;
    }
    const messages = {
      items: [{ event_id: 'e1', source: 'devin', message: lastMessage, created_at: 1 }],
      has_next_page: false,
    };
    response.setHeader('content-type', 'application/json');
    if (path.startsWith('/refuse/')) response.writeHead(403).end(JSON.stringify({ detail: HOSTILE }));
    else response.end(JSON.stringify(path.includes('/messages') ? messages : session));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  other.close();
});

const step = (inputs: Record<string, string> = {}) =>
  runStep({
    with: {
      operation: 'create-session',
      api_url: url,
      devin_token: 'cog_hostile_secret_key',
      org_id: 'org-1',
      prompt: HOSTILE,
      session_secrets: 'PASSWORD=hunter2hunter2',
      wait: 'finished',
      ...inputs,
    },
  });

/** Everything that a step wrote, but for the masks that are meant for the runner alone. */
const written = ({ stdout, stderr, outputs, summary, state, environment }: StepResult) =>
  JSON.stringify([stdout.replaceAll(/^::add-mask::.*$/gm, ''), stderr, outputs, summary, state, environment]);

describe('whatever Devin or the API writes', () => {
  test('prints no workflow command and forges no output', async () => {
    const result = await step();
    expect(result.exitCode).toBe(0);
    // The API does not show the tag of the session, which is a warning.
    expect(result.commands.map(({ name }) => name)).toEqual(['add-mask', 'add-mask', 'warning']);
    expect(result.outputs).toMatchObject({ outcome: 'success', session_outcome: 'finished', session_id: 'devin-1' });
    expect(Object.values(result.outputs)).not.toContain('forged');
    expect(Object.keys(result.environment)).toEqual([]);
    expect(JSON.parse(result.outputs['structured_output'] ?? '')).toHaveProperty('text');
  });

  test('shows no secret, in whatever it is printed', async () => {
    const result = await step();
    expect(written(result)).not.toMatch(SECRETS);
    expect(result.outputs['last_message']).toContain('the key is *** and the secret is ***');
  });

  test('stays text in the summary: no markup, no link but to web pages', async () => {
    const { summary } = await step();
    const html = await marked.parse(summary, { gfm: true });
    const tags = new Set([...html.matchAll(/<\/?([a-z]\w*)/gi)].map(([, name]) => name));
    const layout = ['h3', 'a', 'strong', 'table', 'thead', 'tbody', 'tr', 'th', 'td', 'details', 'summary'];
    const text = ['p', 'blockquote', 'pre', 'code', 'br'];
    expect([...layout, ...text]).toEqual(expect.arrayContaining([...tags]));
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, address]) => address);
    expect(links.every((address) => address?.startsWith('https://'))).toBe(true);
    expect(html.match(/<details>/g)).toHaveLength(1);
    expect(html.match(/<\/details>/g)).toHaveLength(1);
    expect(html.match(/<h\d/g)).toHaveLength(1);
  });

  test('stays text in an error', async () => {
    const result = await step({ api_url: `${url}/refuse` });
    expect(result.outputs).toMatchObject({ error_code: 'permission_denied' });
    expect(result.commands.map(({ name }) => name)).toEqual(['add-mask', 'add-mask', 'error']);
    expect(written(result)).not.toMatch(SECRETS);
  });

  test('cannot lead the credential to another origin: no redirect is followed', async () => {
    const result = await step({ api_url: `${url}/redirect` });
    expect(result.outputs).toMatchObject({ outcome: 'failure', error_code: 'api_contract' });
    expect(elsewhere).toEqual([]);
  });
});

test('a message of a million characters and more fits: the summary is cut, the whole is in a file', async () => {
  lastMessage = `${'wörd '.repeat(220_000)}\n`;
  try {
    let whole = '';
    const result = await runStep({
      with: {
        operation: 'wait-for-session',
        api_url: url,
        devin_token: 'cog_hostile_secret_key',
        org_id: 'org-1',
        session_id: '1',
        follow: 'false',
        result_file: 'whole.json',
      },
      after: (workspace) => {
        whole = readFileSync(`${workspace}/whole.json`, 'utf8');
      },
    });
    expect(result.exitCode).toBe(0);
    expect(Buffer.byteLength(result.summary)).toBeLessThan(1024 * 1024);
    expect(result.summary).toContain('This summary was cut');
    expect(Buffer.byteLength(result.outputs['last_message'] ?? '')).toBeLessThanOrEqual(256 * 1024);
    expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ truncated: true });
    expect(whole).toContain('wörd');
  } finally {
    lastMessage = HOSTILE;
  }
});
