import { styleText } from 'node:util';

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>' };

/** Inline Markdown, as far as job summaries use it, for a terminal. */
function inline(text: string): string {
  return text
    .replace(/(?<!\\)\[((?:\\.|[^\]])*)\]\(([^)]*)\)/g, (_, name: string) => styleText('underline', name))
    .replace(/(`+)\s?(.+?)\s?\1/g, (_, _ticks, code: string) => styleText('yellow', code))
    .replace(/\*\*(.+?)\*\*/g, (_, bold: string) => styleText('bold', bold))
    .replace(/\\([^A-Za-z0-9\s])/g, '$1')
    .replace(/<\/?sub>/g, '')
    .replaceAll('\u200b', '')
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity] ?? entity);
}

const widthOf = (text: string) => [...text.replaceAll(/\u001b\[[\d;]*m/g, '')].length;

function table(lines: readonly string[]): string[] {
  const rows = lines
    .filter((_, at) => at !== 1)
    .map((line) =>
      line
        .replace(/^\||\|$/g, '')
        .split(/(?<!\\)\|/)
        .map((cell) => inline(cell.trim())),
    );
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => widthOf(row[at] ?? ''))));
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell)))
        .join('  ')
        .trimEnd(),
    )
    .filter((row, at) => at > 0 || row !== '');
}

/** A job summary as text for a terminal: headings, tables, folded parts and code, as GitHub lays them out. A chart is its title. */
export function renderMarkdown(markdown: string): string {
  const out: string[] = [];
  const lines = markdown.split('\n');
  let inFence = false;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    if (line.startsWith('```mermaid')) {
      const from = at;
      while (at + 1 < lines.length && lines[at] !== '```') at += 1;
      const title = /^\s*title "(.*)"$/m.exec(lines.slice(from, at).join('\n'))?.[1] ?? 'chart';
      out.push(`[chart: ${title}]`);
    } else if (line.startsWith('```')) {
      inFence = !inFence;
    } else if (inFence) {
      out.push(`    ${line}`);
    } else if (line.startsWith('|')) {
      const from = at;
      while (lines[at + 1]?.startsWith('|')) at += 1;
      out.push(...table(lines.slice(from, at + 1)));
    } else if (line.startsWith('<details>')) {
      out.push(`▾ ${line.replace(/<[^>]*>/g, '')}`);
    } else if (line !== '</details>') {
      const heading = /^#+ (.*)$/.exec(line)?.[1];
      out.push(heading === undefined ? inline(line) : styleText('bold', inline(heading)));
    }
  }
  return out.join('\n').replace(/\n{3,}/g, '\n\n');
}
