import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSandbox } from '../../src/sandbox/index.ts';
import { runProgram } from '../programs/index.ts';
import { askAt } from './support.ts';

const FOLDER = new URL('../../../shared/reference/documentation/', import.meta.url);
const FILES = {
  v2InGerman: '000_150ec8dde74a7010.txt',
  v2: '001_c7cb6277e371f55a.txt',
  v3beta1: '002_53f2eb10d00e169e.txt',
};
const reason = !existsSync(FOLDER)
  ? 'the documentation is not here'
  : spawnSync('python3', ['-c', 'import requests']).status !== 0
    ? 'there is no python3 with requests'
    : undefined;

/** The Python programs of a page: each from its first import to its last line that is no prose. */
function programsOf(file: string): string[] {
  const text = readFileSync(new URL(file, FOLDER), 'utf8');
  const parts = text.split(/^(?=import os$)/m).slice(1);
  return parts.map((part) => {
    const lines = part.split('\n');
    return lines.slice(0, lines.findLastIndex((line) => /^( {4}|print\(|#)/.test(line)) + 1).join('\n');
  });
}

/** One page lost its indentation; line by line, its programs are those of the other, whose indentation they get. */
function indentedLike(model: string, flat: string): string {
  const margins = model.split('\n').filter((line) => line.trim() !== '');
  const lines = flat.split('\n').filter((line) => line.trim() !== '');
  expect(lines).toHaveLength(margins.length);
  return lines.map((line, i) => `${/^ */.exec(margins[i] ?? '')?.[0]}${line}`).join('\n');
}

interface Place {
  readonly url: string;
  readonly org: string;
  readonly token: string;
}

/** Runs each program by itself, one after the other, in one Python, because to start one takes longer than a program. */
const RUNNER = `
import contextlib, io, json, os, sys
outputs = []
for program, token in json.load(sys.stdin):
    os.environ['DEVIN_API_KEY'] = os.environ['DEVIN_SERVICE_USER_TOKEN'] = token
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(program, 'example', 'exec'), {'__name__': '__main__'})
    outputs.append(out.getvalue())
json.dump(outputs, sys.stdout)
`;

/** What programs print as they stand, but for where the API is, who calls and which organization is theirs. */
async function outputs(
  programs: readonly string[],
  { url, org, token }: Place,
  ...tokens: string[]
): Promise<string[]> {
  const here = programs.map((program, i) => [
    program.replaceAll('https://api.devin.ai', url).replaceAll('your_org_id', org),
    tokens[i] ?? token,
  ]);
  const env = { PATH: process.env['PATH'], NO_PROXY: '*' };
  const options = { env, input: JSON.stringify(here) };
  const { code, stdout, stderr } = await runProgram('python3', ['-X', 'utf8', '-c', RUNNER], options);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** A fresh sandbox in which it is now, because the examples ask for the last seven days. */
async function place(token: string): Promise<Place> {
  const sandbox = await startSandbox({
    clock: { now: () => Date.now() },
    habits: { preset: 'documents', set: {} },
  });
  onTestFinished(() => sandbox.close());
  const { body } = await askAt(sandbox.url, '/v3/self', { as: 'cog_sandbox_org' });
  return { url: sandbox.url, org: body.org_id, token };
}

const DATE = String.raw`\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)`;
const ORG = 'org-[0-9a-f]{32}';

/** Lines, all of which are of this form. */
const lines = (form: string, times = '+') => new RegExp(`^(${form}\n)${times}$`);

const V2 = {
  english: {
    created: 'Created organization: ',
    cycle: `Current cycle: ${DATE} to ${DATE}`,
    used: 'ACUs used: ',
    invited: 'Invited 2 members',
    added: 'Permission added: ',
    refused: ['Invalid API key', 'Insufficient permissions', 'Rate limit exceeded'],
  },
  german: {
    created: 'Organisation erstellt: ',
    cycle: `Aktueller Zyklus: ${DATE} bis ${DATE}`,
    used: 'Verwendete ACUs: ',
    invited: '2 Mitglieder eingeladen',
    added: 'Berechtigung hinzugefügt: ',
    refused: ['Ungültiger API Key', 'Unzureichende Berechtigungen', 'Ratenlimit überschritten'],
  },
};

async function checkV2(programs: readonly string[], words: (typeof V2)['english']): Promise<void> {
  expect(programs).toHaveLength(8);
  // The examples and the reference differ in what billing cycles are; this credential asks for the examples' shape.
  const here = await place('apk_user_sandbox_examples');
  const [members, created, cycles, insights, invited, logs, permission, quiet] = await outputs(programs, here);
  expect(members).toMatch(lines(String.raw`[\w.-]+@example\.com - account_(admin|member)`));
  expect(created).toMatch(lines(`${words.created}${ORG}`, '{1}'));
  expect(cycles).toMatch(new RegExp(String.raw`^${words.cycle}\n${words.used}\d+(\.\d)?\n$`));
  expect(insights).toMatch(lines(String.raw`Session devin-[0-9a-f]{32}: (None|\{'suggested_prompt.*)`));
  expect(insights).toContain('{');
  expect(invited).toBe(`${words.invited}\n`);
  expect(logs?.split('\n').length).toBeGreaterThan(50);
  expect(logs).toMatch(lines(String.raw`${DATE} - \w+ by .+`));
  expect(permission).toContain(`${words.added}{'permission_id': 'git-permission-`);
  expect(permission).toContain("'repository': 'org/repo-name', 'permission': 'read'");
  expect(quiet).toBe('');

  const faults = [403, 429].map((status) => ({ path: '/enterprise/members', status, times: 1 }));
  await askAt(here.url, '/sandbox/faults', { method: 'POST', json: faults });
  const last = programs.at(-1) ?? '';
  const refused = await outputs([last, last, last], here, here.token, here.token, 'apk_user_wrong');
  const [forbidden, limited, invalid] = refused;
  expect(forbidden).toContain(words.refused[1]);
  expect(limited).toContain(words.refused[2]);
  expect(invalid).toBe(`${words.refused[0]}\n`);
}

describe.skipIf(reason !== undefined)(`the documentation's Python examples run as they stand`, () => {
  test('those of v2, in English', async () => {
    await checkV2(programsOf(FILES.v2), V2.english);
  });

  test('those of v2, in German', async () => {
    const english = programsOf(FILES.v2);
    const german = programsOf(FILES.v2InGerman).map((program, i) => indentedLike(english[i] ?? '', program));
    await checkV2(german, V2.german);
  });

  test('those of v3beta1, in French', async () => {
    const programs = programsOf(FILES.v3beta1);
    expect(programs).toHaveLength(9);
    const here = await place('cog_sandbox_enterprise');
    const [self, orgs, org, session, acus, bot, logs, sessions, quiet] = await outputs(programs, here);
    expect(self).toBe('Utilisateur de service : Sandbox Enterprise\nRôle : admin\n');
    expect(orgs).toContain(`Engineering Team (${here.org})\n`);
    expect(orgs).toMatch(lines(String.raw`.+ \(${ORG}\)`));
    expect(org).toMatch(lines(`Organisation créée : ${ORG}`, '{1}'));
    expect(session).toMatch(/^Session créée : devin-[0-9a-f]{32}\nURL: https:\S+\n$/);
    expect(acus).toMatch(lines(String.raw`.+: \d+(\.\d)? ACUs`));
    expect(acus).toContain('Engineering Team: ');
    expect(bot).toMatch(/^Created service user: service-user-[0-9a-f]{32}\nAPI Key: cog_made_up_[0-9a-f]+\n$/);
    expect(logs).toMatch(lines(String.raw`${DATE} - \w+ \(org=(None|${ORG}), actor=[\w-]+\)`));
    expect(sessions).toMatch(lines('Session créée pour .+ : devin-[0-9a-f]{32}'));
    expect(quiet).toBe('');
    const wrong = await outputs(programs.slice(-1), { ...here, token: 'cog_wrong' });
    expect(wrong).toEqual(["Jeton d'utilisateur de service invalide ou expiré\n"]);
    const { body } = await askAt(here.url, `/v3beta1/enterprise/organizations`);
    const created = body.items.find(({ name }: { name: string }) => name === 'Équipe de Science des Données');
    expect(created.max_cycle_acu_limit).toBe(500);
  });
});

test.skipIf(reason === undefined)(`the documentation's Python examples are not run: ${reason}`, () => {
  expect(reason).toBeDefined();
});
