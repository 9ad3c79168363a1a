import { expect } from 'vitest';
import { OPERATION_OUTPUTS, type OperationOutput } from '../../src/contract/outputs.ts';

/** The text that an output has for a value of the result, said once more than the code says it. */
function textOf(name: OperationOutput, value: unknown): unknown {
  if (value === null) return '';
  return OPERATION_OUTPUTS[name].form === 'json' ? value : String(value);
}

/** Whether each output of an operation is the member of the result's data that has its name. */
export function expectAgreement(
  outputs: Readonly<Record<string, string>>,
  names: readonly OperationOutput[],
  told = '',
): void {
  const { data = {} } = JSON.parse(outputs['result'] ?? '');
  for (const name of names) {
    const text = outputs[name];
    const isJson = OPERATION_OUTPUTS[name].form === 'json' && text !== undefined && text !== '';
    const output = isJson ? JSON.parse(text) : text;
    expect(output, `${name} ${told}`).toEqual(data[name] === undefined ? undefined : textOf(name, data[name]));
  }
}
