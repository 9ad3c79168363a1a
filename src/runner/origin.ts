/** A part of a text, by its place in UTF-16 units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A text made of another one, and where each part of it comes from. */
export interface Decoded {
  readonly text: string;
  /** Where a part of `text` stands in the other one. */
  origin(range: Range): Range;
}
