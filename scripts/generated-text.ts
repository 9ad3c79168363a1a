// How values of the contract look in generated pages.
import type { Input } from '../src/contract/inputs.ts';
import type { Operation } from '../src/operations/operation.ts';
import { needText } from '../src/operations/permissions.ts';

/** Markdown without its marks of code, for action.yml. */
export const plainText = (markdown: string) => markdown.replaceAll('`', '');
const cell = (markdown: string) => markdown.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** A table of Markdown; the cells are Markdown on any number of lines. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

/** The default of an input as action.yml has it. */
export const defaultOf = (input: Input): string | undefined => input.default ?? input.filledIn;

/** What an operation needs of the credential, with names as code; empty where it names no permission. */
export const needsOf = ({ permissions }: Pick<Operation, 'permissions'>): string =>
  permissions.map((need) => needText(need, (name) => `\`${name}\``)).join(', ');
