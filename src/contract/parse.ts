import { ActionError } from './errors.ts';
import { type Fallible, failed } from './fallible.ts';
import { INPUTS, type Input, type InputName, type InputValues } from './inputs.ts';
import { didYouMean, meant } from './kinds.ts';

/** Reads one input as the runner passes it; an empty one is absent. */
export type ReadInput = (name: string) => string | undefined;

/** One thing that is wrong with the inputs. */
export interface InputProblem {
  /** The input, or the inputs joined by ` / ` where they exclude each other. */
  readonly input: string;
  /** What is wrong and what was expected: a clause without the name. */
  readonly message: string;
}

const SHOWN = 60;

/** A short, single-line quotation of a text. */
export function quoted(value: string): string {
  const flat = JSON.stringify(value.length > SHOWN ? `${value.slice(0, SHOWN)}…` : value);
  return flat;
}

function read<T>(name: InputName, input: Input<T>, given: string | undefined, problems: InputProblem[]): T | undefined {
  const value = given ?? input.default;
  if (value === undefined) return undefined;
  const parsed = input.kind.parse(value);
  if (parsed.ok) return parsed.value;
  const came = input.secret ? 'has a value that cannot be used' : `is ${quoted(value)}`;
  problems.push({ input: name, message: `${came}; expected ${parsed.problem}${meant(parsed.nearest)}` });
  return undefined;
}

/** What came out of reading the inputs of one operation. */
export interface ParsedInputs<N extends InputName> {
  /** A value is missing here where `problems` names its input. */
  readonly values: Partial<InputValues<N>>;
  readonly problems: InputProblem[];
  /** Inputs that the workflow set and the operation does not use. */
  readonly unused: readonly InputName[];
}

/** Parses the inputs `names`, and finds the ones that are set in vain. Reports every problem, never just the first. */
export function parseInputs<N extends InputName>(
  names: readonly N[],
  readInput: ReadInput,
  env: Readonly<Record<string, string | undefined>>,
): ParsedInputs<N> {
  const problems: InputProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const input: Input = INPUTS[name];
    const fallback = input.env?.map((variable) => env[variable]).find((value) => value !== undefined && value !== '');
    values[name] = read(name, input, readInput(name) ?? fallback, problems);
  }
  const used = new Set<string>(names);
  const unused = Object.entries(INPUTS)
    .filter(([name, input]: [string, Input]) => {
      const given = readInput(name);
      return !used.has(name) && given !== undefined && given !== input.default;
    })
    // Object.entries of a typed constant: the keys are its names.
    .map(([name]) => name as InputName);
  return { values: values as Partial<InputValues<N>>, problems, unused };
}

/** An operation as it is named here, whatever the case and the dashes of its spelling. */
export const operationName = (given: string): string => given.trim().toLowerCase().replaceAll('_', '-');

/** The parsed name of the operation, by any of its spellings; a problem otherwise. */
export function parseOperation<T extends string>(
  given: string | undefined,
  names: readonly T[],
): Fallible<{ readonly name: T }, InputProblem> {
  if (given === undefined) {
    return failed({ input: 'operation', message: `is missing; expected one of ${names.join(', ')}` });
  }
  const asked = operationName(given);
  const found = names.find((name) => name === asked);
  if (found !== undefined) return { ok: true, name: found };
  const hint = didYouMean(asked, names);
  return failed({ input: 'operation', message: `is ${quoted(given)}; expected one of ${names.join(', ')}${hint}` });
}

/** How much is wrong: several problems of one input are about parts of its value. */
function amountOf(problems: readonly InputProblem[]): string {
  const inputs = [...new Set(problems.map(({ input }) => input))];
  if (inputs.length !== 1) return `${inputs.length} inputs are invalid`;
  return problems.length === 1 ? 'One input is invalid' : `${problems.length} fields of ${inputs[0]} are invalid`;
}

/** One error out of all problems, which it lists. */
export function inputError(problems: readonly InputProblem[]): ActionError {
  const list = problems.map(({ input, message }) => `${input} ${message}`);
  const amount = amountOf(problems);
  const [first, ...others] = problems;
  const isOne = problems.every(({ input }) => input === first?.input);
  const fix = isOne ? { fix: `Correct the input \`${first?.input}\`.` } : {};
  if (others.length > 0) return new ActionError('input_invalid', `${amount}.`, { title: amount, list, ...fix });
  const sentence = `${amount}: ${list[0]}`;
  return new ActionError('input_invalid', /[.?]$/.test(sentence) ? sentence : `${sentence}.`, fix);
}
