// Node 24 has these (https://tc39.es/proposal-json-parse-with-source/); the libraries of TypeScript do not yet.
interface RawJson {
  readonly rawJSON: string;
}

interface JSON {
  rawJSON(text: string): RawJson;
  isRawJSON(value: unknown): value is RawJson;
}
