import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT, renderAll, replaceParts, unusedInputs } from '../scripts/generated.ts';
import { INPUTS } from '../src/contract/inputs.ts';
import { OUTPUTS } from '../src/contract/outputs.ts';
import { loadOperation, OPERATION_NAMES } from '../src/step/registry.ts';
import { readAction } from './e2e/fake-runner.ts';

const generated = await renderAll();

test.each(generated.map(({ path, content }) => [path, content]))('%s says what the contract says', (path, content) => {
  expect(readFileSync(join(ROOT, path), 'utf8')).toBe(content);
});

test('action.yml declares every input and every output, and runs the bundle under Node 24', () => {
  const action = readAction();
  expect(Object.keys(action.inputs)).toEqual(Object.keys(INPUTS));
  expect(Object.keys(action.outputs)).toEqual(Object.keys(OUTPUTS));
  expect(action.runs).toMatchObject({ using: 'node24', main: 'dist/index.js', post: 'dist/post.js' });
});

test('every input is used by an operation', async () => {
  expect(await unusedInputs()).toEqual([]);
});

test('every output is set by an operation', async () => {
  const operations = await Promise.all(OPERATION_NAMES.map(loadOperation));
  const common = ['outcome', 'error_code', 'skipped_reason', 'result', 'result_file'];
  const set = new Set<string>([...common, ...operations.flatMap((operation) => [...operation.outputs])]);
  expect(Object.keys(OUTPUTS).filter((name) => !set.has(name))).toEqual([]);
});

test('a README without the marks of a table is an error, not a README without the table', () => {
  expect(() => replaceParts('nothing', { inputs: 'x' })).toThrow('A page lacks the marks of inputs');
  expect(replaceParts('a <!-- generated:x -->old<!-- /generated:x --> b', { x: 'new' })).toContain('-->\nnew\n<!--');
});
