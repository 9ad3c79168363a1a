// Escape sequences of terminals: with parameters (colours, cursor), with a text of their own (titles, links), and the
// short ones.
const ANSI =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c\n]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
const LINE_ENDS = /\r\n|[\r\u0085\u2028\u2029]/g;
/**
 * What no one sees: control and format characters (bidi controls, zero-width signs, tags), characters that fonts are told
 * to ignore (fillers, variation selectors), private and unassigned ones, and a few blanks that Unicode counts as signs.
 */
const UNSEEN = /[^\P{C}\n\t]|[\p{Default_Ignorable_Code_Point}\ufffc\u{16fe4}\u{1d159}]/gu;
/** Spaces of every width, which could spell a message between words. The blank Braille pattern is one to the eye. */
const SPACES = /[\p{Zs}\u2800]/gu;
/** Letters of the living languages carry fewer marks; a tower of them covers the lines around it. */
const TOWERS = /(\p{M}{8})\p{M}+/gu;

/**
 * A text of nothing but signs that show: well-formed, NFC, its lines ended by `\n`, no other control character but the
 * tab. Emoji lose what joins or colours them.
 */
export const visible = (text: string): string =>
  text
    .toWellFormed()
    .replace(ANSI, '')
    .replace(LINE_ENDS, '\n')
    .replace(UNSEEN, '')
    .replace(SPACES, ' ')
    .normalize('NFC')
    .replace(TOWERS, '$1');
