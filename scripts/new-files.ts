// The texts of `npm run new`: the smallest operation and endpoint that compile, and their failing tests.
import type { Scaffold } from './new.ts';

/** `show-note` as `showNote`. */
export const camel = (name: string) => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
/** `show-note` as `ShowNote`. */
export const pascal = (name: string) => camel(`-${name}`);
const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** An operation in the folder of the general ones; move it to the folder of its capability. */
export function operationFiles(name: string): Scaffold {
  const value = `${camel(name)}Operation`;
  return {
    files: {
      [`src/operations/api/${name}.ts`]: `import { ActionError } from '../../contract/errors.ts';
import { nothingToPrepare, operation } from '../operation.ts';

/** Says what users get from it. */
export const ${value} = operation({
  name: '${name}',
  summary: 'Says in one sentence what it does.',
  inputs: [],
  required: [],
  outputs: ['count'],
  permissions: [{ all: ['ManageOrganizations'] }],
  versions: ['v3'],
  prepare: nothingToPrepare,
  async run() {
    throw new ActionError('internal', '${name} is not written yet.');
  },
});
`,
      [`test/e2e/${name}.test.ts`]: `import { expect, test } from 'vitest';
import { runStep } from './here.ts';

test('${name} says what a user gets', async () => {
  const { outputs, stdout } = await runStep({ with: { operation: '${name}', api_url: 'sandbox' } });
  expect(outputs, stdout).toMatchObject({ outcome: 'success', count: '1' });
});
`,
    },
    lines: [
      {
        file: 'src/step/registry.ts',
        before: '} as const;',
        text: `  '${name}': async () => (await import('../operations/api/${name}.ts')).${value},`,
      },
      {
        file: 'test/e2e/outputs.test.ts',
        before: '};',
        text: `  '${name}': async () => void (await step('${name}')),`,
      },
    ],
    next: [
      `Write src/operations/api/${name}.ts until test/e2e/${name}.test.ts passes: FROM_SOURCES=1 npx vitest run test/e2e/${name}.test.ts`,
      'Declare new inputs in src/contract/inputs.ts, and new outputs in src/contract/outputs.ts.',
      'Add its page to scripts/operation-pages.ts, an example, and a line in README.md.',
      'npm run generate; npm run build; .ci/run',
    ],
  };
}

/** An endpoint in a file of its own. */
export function endpointFiles(method: string, path: string, id: string): Scaffold {
  const file = kebab(id);
  const shown = path.replace(/^\/v\d\w*/, '');
  return {
    files: {
      [`src/devin/endpoints/${file}.ts`]: `import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';

/** The documented members of the response; only those that nothing works without are named as needed. */
export const ${pascal(id)}Response = lazy(() => tolerant({ name: z.string() }));

/** Says what it does, with a link to its page of the documentation. */
export const ${id} = endpoint('${id}', '${method} ${path}', {
  summary: 'Say what ${shown} does',
  permission: ['ManageOrganizations'],
  answer: ${pascal(id)}Response,
});
`,
      [`test/sandbox/${file}.test.ts`]: `import { expect, test } from 'vitest';
import { ${id} } from '../../src/devin/endpoints/${file}.ts';
import { bench } from './support.ts';

test('${id} responds as the catalog says', async () => {
  const b = await bench();
  const path = ${id}.path.replace('{org_id}', b.org);
  const { status, text } = await b.ask(path, { method: ${id}.method });
  expect(status, text).toBe(200);
  expect(JSON.parse(text)).toEqual({ name: 'what the documentation shows' });
});
`,
    },
    lines: [
      {
        file: 'src/devin/endpoints/index.ts',
        before: '\n/** Every operation of the Devin API',
        text: `import * as ${id}Module from './${file}.ts';`,
      },
      { file: 'src/devin/endpoints/index.ts', before: '].flatMap((resource)', text: `  ${id}Module,` },
    ],
    next: [
      'Declare parameters, body, and response as the documentation of the API shows them.',
      'Write a handler in src/sandbox/handlers/, and enter it in src/sandbox/handlers/index.ts.',
      `Pass: npx vitest run test/sandbox/${file}.test.ts test/sandbox/catalogue.test.ts test/devin/reference.test.ts`,
      'npm run generate; npm run build; .ci/run',
    ],
  };
}
