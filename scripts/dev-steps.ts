import { parse } from 'yaml';

/**
 * The inputs of each step in a text for `npm run dev`: a mapping of inputs, or a list of them. The API is the sandbox at `url`,
 * unless a step names another.
 */
export function stepsIn(text: string, url: string): Record<string, string>[] {
  const known = { api_url: url, devin_token: 'cog_sandbox_enterprise' };
  return [parse(text)].flat().map((given: unknown) => {
    if (typeof given !== 'object' || given === null)
      throw new Error('expected a YAML mapping of inputs, or a list of them');
    const inputs = Object.entries(given).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
    return { ...known, ...Object.fromEntries(inputs) };
  });
}
