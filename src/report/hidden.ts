const CODE_BLOCK = String.raw`^ {0,3}(?<fence>\`{3,}(?=[^\`\n]*$)|~{3,}).*(?:\n(?! {0,3}\k<fence>[\`~]*[ \t]*$).*)*(?:\n {0,3}\k<fence>[\`~]*[ \t]*$)?`;
const CODE_SPAN = '(?<!`)(?<ticks>`+)(?!`)(?:(?!\\n[ \\t]*\\n)[^]){1,500}?(?<!`)\\k<ticks>(?!`)';
/** `<?…?>`, `<!…>` and `</…>` that name no element: browsers show none of them. */
const UNNAMED = [
  '<\\?(?:[^?<]|\\?(?!>)|<(?!\\?)){0,5000}\\?>',
  '<!(?!--)(?:[^<>]|<(?![!?/])){0,5000}>',
  '<\\/(?![a-zA-Z])(?:[^<>]|<(?![!?/])){1,5000}>',
].join('|');
/** A tag with anything behind its name. */
const TAG = '<(?<close>\\/?)(?<name>[a-zA-Z][a-zA-Z0-9-]*)(?<attributes>[\\s/](?:[^<>"\']|"[^"]*"|\'[^\']*\')*)>';
const TITLE = `(?:"(?:(?!\\n[ \\t]*\\n)(?:\\\\[^]|[^"\\\\]))*"|'(?:(?!\\n[ \\t]*\\n)(?:\\\\[^]|[^'\\\\]))*'|\\((?:(?!\\n[ \\t]*\\n)(?:\\\\[^]|[^()\\\\]))*\\))`;
// Only one way to read a run of blanks: with two, a long one would be gone over once for each of them.
const GAP = '[ \\t]*(?:\\n[ \\t]*)?';
/** A definition of a link for elsewhere, which is not shown where it stands: `[label]: address "title"`. */
const DEFINITION = `^(?:[ \\t]*(?:>|[-*+]|\\d{1,9}[.)]))*[ \\t]*\\[(?!\\^)(?:\\\\[^]|[^[\\]\\\\]){1,999}\\]:${GAP}(?:<[^<>\\n]*>|[^\\s<]\\S*)(?:(?=\\s)${GAP}${TITLE})?[ \\t]*$`;
const ALT = '!\\[(?:\\\\[^]|[^[\\]\\\\]|\\[(?:\\\\[^]|[^[\\]\\\\])*\\])+\\](?=[(\\[])';
const LINK_TITLE = `\\]\\(\\s*(?<address><[^<>\\n]*>|[^\\s()<]+(?:\\([^\\s()]*\\)[^\\s()]*)*)\\s+${TITLE}\\s*\\)`;

const MARKUP = new RegExp([CODE_BLOCK, CODE_SPAN, UNNAMED, TAG, DEFINITION, ALT, LINK_TITLE].join('|'), 'gm');

/** Attributes by which a tag leads somewhere, which its reader sees or can follow. */
const ADDRESS = /\s(?:href|src)\s*=\s*(?:"https?:\/\/[^\s"<>]*"|'https?:\/\/[^\s'<>]*')/gi;

/**
 * One pass over a text that drops what GitHub does not show of its Markdown: the alternative texts of images, titles of
 * links, attributes of tags but for their addresses, definitions of links, processing instructions and declarations.
 * Code is left as it is, since all of it shows. The text gets shorter or stays as it is.
 */
export const withoutHiddenMarkup = (text: string): string =>
  text.replace(MARKUP, (...found) => {
    const [all] = found;
    const groups = found.at(-1);
    return typeof groups === 'object' ? shown(all, groups) : all;
  });

function shown(all: string, { fence, ticks, name, close, attributes, address }: Record<string, string | undefined>) {
  if (fence !== undefined || ticks !== undefined) return all;
  if (name !== undefined) return `<${close}${name}${(attributes ?? '').match(ADDRESS)?.join('') ?? ''}>`;
  if (address !== undefined) return `](${address})`;
  return all.startsWith('![') ? '![]' : '';
}
