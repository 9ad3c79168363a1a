/** The beginning of a text in at most `max` characters. The mark at its end also tells that a secret may be cut there. */
export const shortened = (text: string, max: number): string =>
  text.length > max ? `${text.slice(0, max - 1).toWellFormed()}…` : text;
