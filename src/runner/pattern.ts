const MAX_LENGTH = 1_000;
const MAX_ALTERNATIVES = 1_000;
/** More of them in one name take the matcher a time that grows with its power. */
const MAX_STARS_IN_NAME = 3;
const MAX_GLOBSTARS = 4;

/** How many a range such as `{1..9}` or `{a..z}` stands for. */
function rangeSize(body: string): number {
  const [, from = '', to = ''] = /^(-?\d+|[a-z])\.\.(-?\d+|[a-z])(?:\.\.-?\d+)?$/i.exec(body) ?? [];
  const at = (end: string) => (/\d/.test(end) ? Number(end) : end.charCodeAt(0));
  return from === '' ? 1 : Math.abs(at(to) - at(from)) + 1;
}

/** Maximum number of patterns without braces that a pattern expands to. */
function alternatives(pattern: string): number {
  let all = 1;
  const open: { readonly from: number; commas: number }[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const sign = pattern[at];
    const group = open.at(-1);
    if (sign === '{') open.push({ from: at + 1, commas: 0 });
    else if (sign === ',' && group !== undefined) group.commas += 1;
    else if (sign === '}' && group !== undefined) {
      open.pop();
      all *= group.commas > 0 ? group.commas + 1 : rangeSize(pattern.slice(group.from, at));
    }
  }
  return all;
}

/** Whether a text is a pattern of file names rather than one. */
export const isFilePattern = (text: string): boolean => /[*?{[]/.test(text);

/** Why a pattern of file names would keep the matcher busy, as a clause that follows the pattern; undefined if not. */
export function whyNoPattern(pattern: string): string | undefined {
  if (pattern.length > MAX_LENGTH) return `has ${pattern.length} characters; the maximum is ${MAX_LENGTH}`;
  if (/[?*+@!]\(/.test(pattern)) return 'has an extended pattern such as +(…), which is not supported';
  if (alternatives(pattern) > MAX_ALTERNATIVES) return `expands to more than ${MAX_ALTERNATIVES} patterns`;
  const names = pattern.split(/[\\/]/);
  if (names.filter((name) => name === '**').length > MAX_GLOBSTARS)
    return `contains ** more than ${MAX_GLOBSTARS} times`;
  const stars = Math.max(...names.map((name) => name.match(/\*+/g)?.length ?? 0));
  return stars > MAX_STARS_IN_NAME ? `has more than ${MAX_STARS_IN_NAME} stars in one name` : undefined;
}
