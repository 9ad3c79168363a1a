import type { InputKind } from './kinds.ts';

/** An issue or pull request that an input names. */
export interface ThreadReference {
  readonly number: number;
  /** Page of its repository, such as `https://github.com/acme/api`, if the input is a URL. */
  readonly page?: string;
  /** A comment on it, if the URL is that of a comment. */
  readonly comment?: number;
}

const EXPECTED = 'the number of an issue or pull request, such as 12 or #12, or the URL of its page';

/** GitHub counts in 32 bits. */
const MAX_NUMBER = 2 ** 31 - 1;

const numberOf = (digits: string | undefined): number | undefined => {
  const number = Number(digits);
  return digits !== undefined && number >= 1 && number <= MAX_NUMBER ? number : undefined;
};

function fromUrl(asked: string): ThreadReference | undefined {
  const url = URL.parse(asked);
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  const [, path = '', digits] = /^(\/.+)\/(?:issues|pull)\/(\d+)(?:\/.*)?$/.exec(url.pathname) ?? [];
  const number = numberOf(digits);
  if (number === undefined) return undefined;
  const comment = /^#issuecomment-(\d{1,15})$/.exec(url.hash)?.[1];
  return { number, page: url.origin + path, ...(comment === undefined ? {} : { comment: Number(comment) }) };
}

/** An issue or pull request by its number, with or without `#`, or by the URL of its page or of a comment on it. */
export const threadReference: InputKind<ThreadReference> = {
  label: 'number or URL',
  parse(value) {
    const asked = value.trim();
    const number = numberOf(/^#?(\d{1,10})$/.exec(asked)?.[1]);
    const found = number === undefined ? fromUrl(asked) : { number };
    return found === undefined ? { ok: false, problem: EXPECTED } : { ok: true, value: found };
  },
};
