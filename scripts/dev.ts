// The sandbox, and steps on it that run again whenever a source or their inputs change. Their workspace is the folder of
// the file.
// usage: npm run dev -- [FILE] [--once]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs, styleText } from 'node:util';
import { startSandbox } from '../src/sandbox/index.ts';
import { layFiles, NODE_24, ROOT, readStep, variables } from '../test/e2e/fake-runner.ts';
import { stepsIn } from './dev-steps.ts';
import { renderMarkdown } from './render-markdown.ts';

const STARTER = `# Inputs of a step, as in \`with:\`, or a list of steps. They run again on each change of this file or of src/.
operation: create-session
devin_token: cog_sandbox_org
prompt: Fix the parser.
tags: sandbox:pr
wait: finished
poll_interval: 1s
`;

const { values, positionals } = parseArgs({ options: { once: { type: 'boolean' } }, allowPositionals: true });
const file = resolve(positionals[0] ?? 'dev.yml');
if (!existsSync(file)) {
  writeFileSync(file, STARTER);
  console.log(`created  ${file}`);
}

const sandbox = await startSandbox({ clock: Date });
console.log(`Devin API sandbox listening on ${sandbox.url}; a change of src/sandbox needs a new start`);

/** Runs the steps, up to the first one that fails. Each run is a new one, so that it repeats nothing. */
async function runOnce(run: number): Promise<boolean> {
  try {
    for (const inputs of stepsIn(readFileSync(file, 'utf8'), sandbox.url)) {
      console.log(styleText('bold', `\n── ${inputs['operation']}${inputs['mode'] ? ` (${inputs['mode']})` : ''}`));
      if (!(await runStep(inputs, run))) return false;
    }
    return true;
  } catch (thrown) {
    console.log(`${file}: ${thrown instanceof Error ? thrown.message : thrown}`);
    return false;
  }
}

/** Runs the sources, not the bundle, as a runner would. */
async function runStep(inputs: Record<string, string>, run: number): Promise<boolean> {
  const home = mkdtempSync(join(tmpdir(), 'dev-'));
  try {
    const options = { with: inputs, env: { GITHUB_RUN_ID: String(run), GITHUB_WORKSPACE: dirname(file) } };
    layFiles(home, options);
    const started = Date.now();
    const child = spawn(NODE_24, [join(ROOT, 'src', 'main.ts')], {
      cwd: dirname(file),
      // Types are stripped once, not for each step.
      env: { ...variables(home, options), NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'node') },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // The runner keeps these commands out of its log as well.
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('::add-mask::')) console.log(line);
    });
    const exitCode = await new Promise<number | null>((done) => void child.on('close', done));
    const { outputs, summary } = readStep(home, { exitCode, stdout: '', stderr: '', ms: 0, tailMs: 0 });
    for (const [name, value] of Object.entries(outputs)) {
      const shown = value.length > 120 ? `${value.slice(0, 119)}…` : value;
      if (value !== '') console.log(`${styleText('dim', name.padEnd(26))}${shown}`);
    }
    console.log(renderMarkdown(summary));
    const seconds = ((Date.now() - started) / 1_000).toFixed(1);
    console.log(`The step is ${exitCode === 0 ? 'green' : 'red'} after ${seconds} s.`);
    return exitCode === 0;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

let runs = 0;
let running: Promise<boolean> | undefined;
let changed = false;

/** Runs the steps, and once more if something changed meanwhile. */
async function rerun(): Promise<void> {
  changed = true;
  if (running !== undefined) return;
  while (changed) {
    changed = false;
    runs += 1;
    running = runOnce(runs);
    await running;
    running = undefined;
  }
  console.log('Waiting for a change.');
}

if (values.once) {
  process.exitCode = (await runOnce(1)) ? 0 : 1;
  await sandbox.close();
} else {
  let timer: NodeJS.Timeout | undefined;
  // An editor writes a file in several steps.
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void rerun(), 200);
  };
  watch(join(ROOT, 'src'), { recursive: true }, soon);
  watch(dirname(file), (_, name) => {
    // Manifests and schemas are beside the file; what a step itself writes starts nothing.
    if (name === basename(file) || (running === undefined && /\.(?:ya?ml|json|md)$/.test(name ?? ''))) soon();
  });
  process.once('SIGINT', () => process.exit(0));
  await rerun();
}
