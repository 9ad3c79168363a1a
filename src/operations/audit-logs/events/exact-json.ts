/** A number that JavaScript could write differently: at least 16 digits, a fraction, an exponent, or minus zero. */
const DELICATE = /[:[,]\s*(?:-?\d{16}|-?\d+[.eE]|-0)/;

/**
 * Parses JSON. A number that JavaScript would write differently becomes a raw value: `JSON.stringify` writes it with the
 * digits it came with.
 */
export function parseExact(json: string): unknown {
  if (!DELICATE.test(json)) return JSON.parse(json);
  return JSON.parse(json, (_name, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && String(value) !== source ? JSON.rawJSON(source) : value;
  });
}

/** The number in a parsed value, raw or not; undefined for anything else. */
export function numberIn(value: unknown): number | undefined {
  if (JSON.isRawJSON(value)) return Number(value.rawJSON);
  return typeof value === 'number' ? value : undefined;
}
