// The main job as a user would see it: the shipped bundle, started as a runner starts it, creates a session on the
// embedded sandbox, waits for it, and leaves log, outputs and summary behind. No credential, no network.
import { styleText } from 'node:util';
import { runProcess } from '../test/e2e/fake-runner.ts';
import { renderMarkdown } from './render-markdown.ts';

const inputs = {
  operation: 'create-session',
  api_url: 'sandbox',
  prompt: 'Fix the parser so that it keeps a trailing comma.\nAdd a test that fails without the fix.',
  repos: 'acme/api',
  tags: 'demo, sandbox:pr',
  max_acu_limit: '10',
  wait: 'finished',
  poll_interval: '1s',
  structured_output_schema: [
    'type: object',
    'required: [fixed, tests_added]',
    'properties:',
    '  fixed: { type: boolean }',
    '  tests_added: { type: integer, minimum: 1, maximum: 5 }',
  ].join('\n'),
};

const title = (text: string) => console.log(`\n${styleText(['bold', 'cyan'], text)}`);
const indent = (text: string) => text.replace(/^(?=.)/gm, '  ');

title('The step');
const yaml = Object.entries(inputs).map(([name, value]) =>
  value.includes('\n') ? `    ${name}: |\n${value.replace(/^/gm, '      ')}` : `    ${name}: ${value}`,
);
console.log(`  - id: devin\n    uses: OWNER/devin-action@v1\n    with:\n${yaml.join('\n').replace(/^/gm, '  ')}`);

title('Its log');
let printed = 0;
const step = await runProcess({
  with: inputs,
  onOutput: (output) => {
    const whole = output.slice(0, output.lastIndexOf('\n') + 1);
    process.stdout.write(indent(whole.slice(printed)));
    printed = whole.length;
  },
});

title('Its outputs');
for (const [name, value] of Object.entries(step.outputs)) {
  const shown = value.length > 96 ? `${value.slice(0, 95)}…` : value;
  if (value !== '') console.log(`  ${styleText('dim', name.padEnd(26))}${shown}`);
}

title('Its job summary');
console.log(indent(renderMarkdown(step.summary)));

const { session_outcome: outcome, structured_output: structured, pull_request_url: pullRequest } = step.outputs;
const fine = step.exitCode === 0 && outcome === 'finished' && structured !== '' && pullRequest !== '';
console.log(
  `${fine ? 'The step is green' : `The step is red (exit code ${step.exitCode})`} after ${(step.ms / 1_000).toFixed(1)} s.`,
);
process.exitCode = fine ? 0 : 1;
