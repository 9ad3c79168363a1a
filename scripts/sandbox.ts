import { parseArgs } from 'node:util';
import { type HabitSettings, parseHabits } from '../src/contract/habits.ts';
import { startSandbox } from '../src/sandbox/index.ts';

const USAGE = 'usage: npm run sandbox -- [--port 0..65535] [--seed INTEGER] [--habits field,NAME:VALUE]';

/** A whole number out of an argument. @throws one line that names the argument. */
function whole(name: string, text: string, low: number, high: number): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= low && value <= high) return value;
  throw new Error(`--${name} should be a whole number from ${low} to ${high}, not "${text}"`);
}

function habits(text: string): HabitSettings {
  const parsed = parseHabits(text);
  if (parsed.ok) return parsed.value;
  throw new Error(`--habits: expected ${parsed.problem}`);
}

function readArguments(): { port: number; seed: number; habits: HabitSettings } {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, seed: { type: 'string' }, habits: { type: 'string' } },
  });
  return {
    habits: habits(values.habits ?? ''),
    port: whole('port', values.port ?? '0', 0, 65_535),
    seed: whole('seed', values.seed ?? '1', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  };
}

function refuse(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error);
  // Some messages of parseArgs go on with advice over several sentences.
  console.error(`${text.split(/\.\s|\n/)[0]} (${USAGE})`);
  process.exit(2);
}

async function main(): Promise<void> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) {
    console.log(USAGE);
    return;
  }
  let given: ReturnType<typeof readArguments>;
  try {
    given = readArguments();
  } catch (error) {
    refuse(error);
  }
  const sandbox = await startSandbox({ ...given, clock: Date }).catch(refuse);
  const end = (): void => {
    sandbox.close().then(() => process.exit(0));
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  console.log(`Devin API sandbox listening on ${sandbox.url}`);
}

await main();
