/** Words by which the sandbox tells what a session is about; the first that fits counts. */
const WORDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/\b(fix|bug|broken|flaky)/i, 'bug_fixing'],
  [/\btests?\b/i, 'unit_test_generation'],
  [/\b(document|docs\b|readme)/i, 'documentation_and_content'],
  [/\b(migrat|upgrad|dependenc)/i, 'migrations_and_upgrades'],
  [/\b(ci\b|pipeline|deploy|build\b)/i, 'ci_cd_and_devops'],
  [/\breview/i, 'code_review_and_analysis'],
  [/\b(secur|vulnerab|lint)/i, 'code_quality_and_security'],
  [/\b(refactor|remove|clean up|optimi)/i, 'refactoring_and_optimization'],
  [/\b(look into|investigat|research|explore|compare)/i, 'research_and_exploration'],
  [/\b(nightly|report|export|automat)/i, 'data_and_automation'],
];

/** What a session is about, by its title and prompt. */
export function categoryOf({ title, prompt }: { title?: string | null | undefined; prompt: string }): string {
  const text = `${title ?? ''}\n${prompt}`;
  return WORDS.find(([words]) => words.test(text))?.[1] ?? 'feature_development';
}

/** The sizes of sessions, smallest first. */
export const SIZES = ['xs', 's', 'm', 'l', 'xl'] as const;

/** How big a session is. */
export type Size = (typeof SIZES)[number];

/** The size of a session by its ACUs and the number of its messages. */
export function sizeOf(acus: number, messages: number): Size {
  const score = acus + messages / 10;
  const place = [1, 2.5, 4.5, 10].filter((limit) => score >= limit).length;
  return SIZES[place] ?? 'xl';
}
