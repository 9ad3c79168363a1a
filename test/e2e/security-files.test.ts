import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepResult } from './fake-runner.ts';
import { runStep } from './here.ts';
import { openSandbox, type TestSandbox } from './sandbox.ts';

let sandbox: TestSandbox;
let orgId: string;

beforeAll(async () => {
  sandbox = await openSandbox(30);
  orgId = await sandbox.orgId();
});
afterAll(() => sandbox.close());

const TOKEN = 'AUTHORIZATION: basic Y2hlY2tvdXQ=';
const REPOSITORY = {
  '.git/config': TOKEN,
  '.git/HEAD': 'ref: refs/heads/main',
  '.git/hooks/pre-commit': 'original',
  '.github/workflows/ci.yml': 'original',
  // Folders that a `.git` elsewhere stands for: of a worktree, of a submodule, and a bare repository.
  'elsewhere/HEAD': 'ref: refs/heads/main',
  'elsewhere/commondir': '../.git',
  'elsewhere/config': TOKEN,
  'bare/HEAD': 'ref: refs/heads/main',
  'bare/config': TOKEN,
  'bare/objects/x': '',
  'bare/refs/x': '',
  'tree/.git': 'gitdir: ../elsewhere',
  'docs/a.txt': 'a',
};

/** Links by their names, and what they lead to. */
const LINKS: Readonly<Record<string, string>> = {
  'docs-link/design.txt': '../.git/config',
  'docs-folder/more': '../.git',
  'docs-twice/one': '../docs-folder',
  'docs-bare/more': '../bare',
  'file-link': '.git/config',
  'twice-link': 'file-link',
  'folder-link': '.git',
  'hooks-link': '.git/hooks',
  'workflow-link': '.github/workflows/ci.yml',
  'github-link': '.github',
};

/** What stands in the workspace before a step, and must be the same after it. */
const before = (workspace: string) => {
  for (const [name, target] of Object.entries(LINKS)) {
    mkdirSync(dirname(join(workspace, name)), { recursive: true });
    symlinkSync(target, join(workspace, name));
  }
};

const after = (workspace: string) => {
  for (const path of [
    '.git/config',
    '.git/hooks/pre-commit',
    '.github/workflows/ci.yml',
    'bare/config',
    'elsewhere/config',
  ] as const) {
    expect(readFileSync(join(workspace, path), 'utf8'), path).toBe(REPOSITORY[path]);
  }
  expect(readdirSync(join(workspace, '.git')).toSorted()).toEqual(['HEAD', 'config', 'hooks']);
  expect(readdirSync(join(workspace, '.git/hooks'))).toEqual(['pre-commit']);
  expect(readdirSync(join(workspace, '.github'))).toEqual(['workflows']);
  expect(readdirSync(join(workspace, 'elsewhere')).toSorted()).toEqual(['HEAD', 'commondir', 'config']);
};

type Inputs = Readonly<Record<string, string>>;

const step = (inputs: Inputs, more: Partial<Parameters<typeof runStep>[0]> = {}) =>
  runStep({
    files: REPOSITORY,
    before,
    after,
    ...more,
    with: {
      operation: 'create-session',
      api_url: sandbox.url,
      devin_token: 'cog_sandbox_org',
      org_id: orgId,
      prompt: 'Fix it.',
      poll_interval: '1s',
      ...inputs,
    },
  });

const all = ({ stdout, stderr, outputs, summary }: StepResult) =>
  [stdout, stderr, JSON.stringify(outputs), summary].join('\n');

const API = { operation: 'call-api', prompt: '', endpoint: 'getSelf' };
const UPLOAD = { ...API, endpoint: 'uploadAttachment' };
const EXPORT = { operation: 'export-git-permissions', prompt: '', overwrite: 'true' };
const PLAN = { operation: 'sync-git-permissions', prompt: '' };
const AUDIT = { operation: 'export-audit-logs', prompt: '', since: '1d' };

// Windows makes links only for administrators.
describe.skipIf(process.platform === 'win32')('what is inside of a .git', { concurrent: true }, () => {
  test.each<readonly [Inputs, RegExp]>([
    [{ attachments: 'docs*/**' }, /is inside \.git/],
    [{ attachments: 'docs-link/*' }, /"docs-link\/design\.txt", which is inside \.git/],
    [{ attachments: 'docs-folder/**' }, /"docs-folder\/more", which is inside \.git/],
    [{ attachments: 'docs-folder/more/config' }, /is inside \.git/],
    [{ attachments: 'docs-twice/one/more/config' }, /is inside \.git/],
    [{ attachments: 'docs-bare/more/config' }, /is inside \.git/],
    [{ attachments: 'bare/config' }, /is inside \.git/],
    [{ attachments: 'elsewhere/*' }, /is inside \.git/],
    [{ attachments: '.git/config' }, /which matches no file/],
    [{ attachments: '.GIT/*' }, /which matches no file/],
    [{ prompt: '', prompt_file: 'file-link' }, /prompt_file .* is inside \.git/],
    [{ prompt: '', prompt_file: 'twice-link' }, /prompt_file .* is inside \.git/],
    [{ prompt: '', prompt_file: 'folder-link/config' }, /prompt_file .* is inside \.git/],
    [{ prompt: '', prompt_file: '.git/config' }, /prompt_file .* is inside \.git/],
    [{ prompt: '', prompt_file: '.Git/config' }, /prompt_file .* is inside \.git/],
    [{ prompt: '', prompt_file: 'tree/.git' }, /prompt_file .* is inside \.git/],
    [{ prompt: '', prompt_file: 'elsewhere/config' }, /prompt_file .* is inside \.git/],
    [{ structured_output_schema_file: 'file-link' }, /structured_output_schema_file .* is inside \.git/],
    [{ ...PLAN, manifest: 'file-link' }, /is inside \.git/],
    [{ ...PLAN, manifest: 'folder-link/*' }, /is inside \.git|matches no file/],
    [{ ...PLAN, manifest: 'm.yml', plan_file: 'folder-link/plan.json' }, /plan_file .* is inside \.git/],
    [{ ...UPLOAD, body: 'file: file-link' }, /is inside \.git/],
    [{ result_file: 'file-link' }, /result_file .* is inside \.git/],
    [{ result_file: '.git/new' }, /result_file .* is inside \.git/],
    [{ result_file: '.GIT/hooks/post-merge' }, /result_file .* is inside \.git/],
    [{ result_file: 'bare/hooks/post-merge' }, /result_file .* is inside \.git/],
    [{ ...API, body_file: 'workflow-link' }, /body_file .* is inside \.github/],
    [{ ...API, body_file: '.github/workflows/new.yml' }, /body_file .* is inside \.github/],
    [{ ...API, body_file: '.GitHub/workflows/new.yml' }, /body_file .* is inside \.github/],
    [{ ...API, body_file: 'hooks-link/pre-push' }, /body_file .* is inside \.git/],
    [{ ...EXPORT, manifest: 'github-link/workflows/ci.yml' }, /manifest .* is inside \.github/],
    [{ ...EXPORT, manifest: 'file-link' }, /manifest .* is inside \.git/],
    [{ ...AUDIT, output_dir: 'folder-link' }, /output_dir .* is inside \.git/],
    [{ ...AUDIT, output_dir: 'github-link/logs' }, /output_dir .* is inside \.github/],
    [{ ...AUDIT, checkpoint_file: 'hooks-link/post-checkout' }, /checkpoint_file .* is inside \.git/],
    [{ wait: 'finished', download_attachments: 'hooks-link' }, /download_attachments .* is inside \.git/],
    [{ wait: 'finished', download_attachments: 'folder-link' }, /download_attachments .* is inside \.git/],
    [{ wait: 'finished', download_attachments: '.github/x' }, /download_attachments .* is inside \.github/],
  ])('is neither read nor written, and nothing is sent: %j', async (inputs, finding) => {
    const result = await step(inputs);
    expect(result.exitCode).toBe(1);
    expect(result.outputs['error_code']).toMatch(/^(input|manifest)_invalid$/);
    expect(result.stdout).toMatch(finding);
    expect(all(result)).not.toContain('Y2hlY2tvdXQ');
    expect(JSON.parse(result.outputs['result'] ?? '')).toMatchObject({ requests: { count: 0 } });
  });

  test('is left out of a pattern that matches everything', async () => {
    const files = { '.git/config': TOKEN, 'docs/a.txt': 'a' };
    const result = await step({ attachments: '**' }, { files, before: () => undefined, after: () => undefined });
    expect(result.outputs['outcome']).toBe('success');
    const list = await sandbox.api(
      'GET',
      `/v3/organizations/${orgId}/sessions/${result.outputs['session_id']}/attachments`,
    );
    expect(list).toMatchObject([{ name: 'a.txt' }]);
  });

  test('a link that appears while the step runs is not written through', async () => {
    let root = '';
    await sandbox.control('latency', { ms: 100 });
    const result = await step(
      { result_file: 'out/result.json' },
      {
        before: (workspace) => {
          root = workspace;
          before(workspace);
        },
        onOutput: (output) => {
          if (output.includes('Devin session') && !existsSync(join(root, 'out')))
            symlinkSync('.git', join(root, 'out'));
        },
      },
    );
    await sandbox.control('latency', { ms: 0 });
    expect(result.outputs).toMatchObject({ outcome: 'success', result_file: '' });
    expect(result.stdout).toContain('The result file was not written');
  });
});

describe.skipIf(process.platform === 'win32')('a FIFO or a device', { concurrent: true }, () => {
  const special = (workspace: string) => {
    execFileSync('mkfifo', [join(workspace, 'fifo')]);
    mkdirSync(join(workspace, 'many'));
    execFileSync('mkfifo', [join(workspace, 'many/fifo')]);
  };
  test.each<readonly [Inputs]>([
    [{ prompt: '', prompt_file: 'fifo' }],
    [{ structured_output_schema_file: 'fifo' }],
    [{ attachments: 'many/*' }],
    [{ ...PLAN, manifest: 'fifo' }],
    [{ ...UPLOAD, body: 'file: fifo' }],
    [{ result_file: 'fifo' }],
    [{ ...API, body_file: 'fifo' }],
    [{ ...AUDIT, checkpoint_file: 'fifo' }],
  ])('is rejected, and not waited for: %j', async (inputs) => {
    const result = await step(inputs, { before: special, after: () => undefined });
    expect(result.outputs['error_code']).toMatch(/^(input|manifest|checkpoint)_invalid$/);
    expect(result.stdout).toContain('is not a regular file');
  });

  test('in the place of the event is rejected', async () => {
    const env = { GITHUB_EVENT_PATH: 'fifo' };
    const event = { name: 'issues', payload: {} };
    const result = await step({ context: 'event' }, { before: special, after: () => undefined, env, event });
    expect(result.stdout).toContain('the event file (GITHUB_EVENT_PATH) cannot be read');
  });
});

describe('the temporary folder of the runner', { concurrent: true }, () => {
  const temp = (workspace: string) => join(workspace, '../temp');
  const lay = (workspace: string) => {
    writeFileSync(join(temp(workspace), 'prompt.md'), 'Fix it from there.');
    writeFileSync(join(temp(workspace), 'schema.yml'), 'type: object');
    writeFileSync(join(temp(workspace), 'git-credentials-1.config'), TOKEN);
    mkdirSync(join(temp(workspace), '_runner_file_commands'));
    writeFileSync(join(temp(workspace), '_runner_file_commands/x'), TOKEN);
  };
  /** The home of a step is made for it, so its paths are filled in by a link of the test's own. */
  const inTemp = async (inputs: (folder: string) => Inputs, more: (workspace: string) => void = () => undefined) => {
    const home = `/tmp/security-files-${process.pid}-${Math.random().toString(36).slice(2)}`;
    mkdirSync(join(home, 'temp'), { recursive: true });
    mkdirSync(join(home, 'workspace'));
    lay(join(home, 'workspace'));
    more(join(home, 'workspace'));
    const env = { RUNNER_TEMP: join(home, 'temp'), GITHUB_WORKSPACE: join(home, 'workspace') };
    try {
      return await step(inputs(join(home, 'temp')), {
        env,
        before: () => undefined,
        after: () => undefined,
        files: {},
      });
    } finally {
      execFileSync('rm', ['-rf', home]);
    }
  };

  test('may hold what is read', async () => {
    const result = await inTemp((folder) => ({
      prompt: '',
      prompt_file: join(folder, 'prompt.md'),
      structured_output_schema_file: join(folder, 'schema.yml'),
      attachments: join(folder, 'prompt.*'),
    }));
    expect(result.outputs['outcome']).toBe('success');
    expect(result.stdout).toContain('Fix it from there.');
  });

  test.each<readonly [string, (folder: string) => Inputs]>([
    [
      'credentials of actions/checkout',
      (folder) => ({ prompt: '', prompt_file: join(folder, 'git-credentials-1.config') }),
    ],
    ['commands of the runner', (folder) => ({ attachments: join(folder, '_runner_file_commands/*') })],
    ['a pattern over all of it', (folder) => ({ attachments: join(folder, '*') })],
    ['a link in the workspace that leads there', () => ({ prompt: '', prompt_file: 'link/prompt.md' })],
    ['a file to write', (folder) => ({ result_file: join(folder, 'result.json') })],
    ['a way out of it', (folder) => ({ prompt: '', prompt_file: `${folder}/../temp2/x` })],
  ])('is closed for %s', async (_, inputs) => {
    const result = await inTemp(inputs, (workspace) => symlinkSync(temp(workspace), join(workspace, 'link')));
    expect(result.outputs['error_code']).toBe('input_invalid');
    expect(result.stdout).toMatch(/belongs to the runner|is outside of the workspace/);
    expect(all(result)).not.toContain('Y2hlY2tvdXQ');
  });
});
