import type { TextFormat } from './format.ts';

/** Each event as it came, one line for each event, unknown fields included. */
export const jsonl: TextFormat = {
  name: 'jsonl',
  extension: 'jsonl',
  head: '',
  encode: ({ json }) => `${json}\n`,
};
