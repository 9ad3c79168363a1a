import { original } from './fields.ts';
import type { TextFormat } from './format.ts';

/** Each event as it came, one line an event, unknown fields included. */
export const jsonl: TextFormat = {
  name: 'jsonl',
  extension: 'jsonl',
  head: '',
  encode: (event) => `${original(event)}\n`,
};
