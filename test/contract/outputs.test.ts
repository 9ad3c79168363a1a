import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPERATION_OUTPUTS, type OperationOutput, outputTexts } from '../../src/contract/outputs.ts';
import { loadOperation, OPERATION_NAMES } from '../../src/step/registry.ts';

/** Any value of each form that an output may have. */
const VALUES = {
  text: fc.string({ unit: 'binary' }),
  number: fc.oneof(fc.nat(), fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 })),
  flag: fc.boolean(),
  json: fc.jsonValue(),
};

/** Data of an operation with these outputs: some are null, some are not set, and the data has other members as well. */
const dataOf = (names: readonly OperationOutput[]) =>
  fc
    .tuple(
      fc.record(
        Object.fromEntries(
          names.map((name) => [name, fc.option(VALUES[OPERATION_OUTPUTS[name].form], { nil: null, freq: 9 })]),
        ),
        { requiredKeys: [] },
      ),
      fc.dictionary(
        fc.string().filter((key) => !names.some((name) => name === key)),
        fc.jsonValue(),
      ),
    )
    .map(([own, more]): Readonly<Record<string, unknown>> => ({ ...more, ...own }));

/** An output read back as a workflow would read it. */
function readBack(name: OperationOutput, text: string): unknown {
  const { form } = OPERATION_OUTPUTS[name];
  if (form === 'text') return text;
  if (text === '') return null;
  return form === 'number' ? Number(text) : form === 'flag' ? text === 'true' : JSON.parse(text);
}

describe('the outputs of a result', () => {
  it.each(OPERATION_NAMES)('are the members of its data that %s declares, and nothing else', async (operation) => {
    const { outputs } = await loadOperation(operation);
    fc.assert(
      fc.property(dataOf(outputs), (data) => {
        const texts = outputTexts(outputs, data);
        expect(Object.keys(texts).toSorted()).toEqual(outputs.filter((name) => data[name] !== undefined).toSorted());
        for (const name of outputs) {
          const text = texts[name];
          if (text === undefined) continue;
          const isEmptyText = OPERATION_OUTPUTS[name].form === 'text' && data[name] === null;
          // As JSON has them: it knows no -0.
          expect(JSON.stringify(readBack(name, text))).toBe(isEmptyText ? '""' : JSON.stringify(data[name]));
        }
      }),
      { numRuns: 50 },
    );
  });
});
