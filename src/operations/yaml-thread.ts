import { failed } from '../contract/fallible.ts';
import { asMapping, type ReadValue } from '../contract/json.ts';
import { Thread, threadEntry } from './thread.ts';
import { parseYaml } from './yaml.ts';

/** Shorter texts are read at once: whatever they hold, that takes less time than a thread to start. */
const SHORT = 8 * 1024;
/** Enough for values of the longest text that an input takes. */
const MAX_MEMORY_MIB = 512;

const thread = new Thread<YamlTask, ReadValue>(threadEntry('../threads/yaml-worker', import.meta.url), MAX_MEMORY_MIB);

/** What the thread that reads YAML is asked. */
export interface YamlTask {
  readonly text: string;
}

/** Reads JSON or YAML of any size and kind without holding up the step. Gives the value, or what is wrong as a clause. */
export async function readYaml(text: string, signal?: AbortSignal): Promise<ReadValue> {
  if (text.length <= SHORT) return parseYaml(text);
  const asked = await thread.ask({ text }, signal);
  return asked.ok ? asked.reply : failed(`is too complex: to read it ${asked.problem}`);
}

/** Reads JSON or YAML that must be a mapping. Gives the mapping, or what is wrong as a clause. */
export const readMapping = async (text: string, signal?: AbortSignal) => asMapping(await readYaml(text, signal));
