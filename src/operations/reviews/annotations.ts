import { count } from '../../report/units.ts';
import type { Level } from '../../runner/commands.ts';
import type { Log } from '../../runner/log.ts';
import type { Finding } from './findings.ts';
import { grouped, type ReviewStory } from './verdict.ts';

/** GitHub shows this many annotations of one level for a step. */
const MAX_OF_LEVEL = 10;

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

function annotate(log: Log, level: Level, { kind, title, url, path, start_line: line }: Finding): void {
  const place = path === null ? undefined : { file: path, ...(line === null ? {} : { line }) };
  log.annotate(level, `${capital(kind)} found by Devin`, `${title}\n${url}`, place);
}

/** Shows unresolved findings at their lines: as errors if they fail the step, otherwise as warnings or notices. */
export function annotateFindings(log: Log, story: ReviewStory): void {
  const { blocking, others } = grouped(story);
  const levels: ReadonlyArray<readonly [level: Level, findings: readonly Finding[]]> = [
    ['error', blocking],
    ['warning', others.filter(({ kind }) => kind !== 'analysis')],
    ['notice', others.filter(({ kind }) => kind === 'analysis')],
  ];
  for (const [level, findings] of levels) {
    for (const finding of findings.slice(0, MAX_OF_LEVEL)) annotate(log, level, finding);
  }
  const more = levels.reduce((sum, [, { length }]) => sum + Math.max(0, length - MAX_OF_LEVEL), 0);
  if (more > 0) log.info(`${count(more, 'more finding')} without an annotation: see the job summary.`);
}
