import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as z from 'zod/mini';
import type { Plan } from './kind.ts';
import { DIGEST_LENGTH, type HashedScope, hashedScopes, planHash } from './plan.ts';
import type { ReviewedPlan } from './reviewed.ts';

/** Maximum number of characters that a plan takes in a comment. */
export const MAX_CARRIED = 40_000;
/** No plan that fits into a comment inflates to more. */
const MAX_INFLATED_BYTES = 1024 * 1024;

const OPENING = '<!-- devin-action:plan ';
const BLOCK = /<!-- devin-action:plan ([A-Za-z0-9+/=]{1,60000}) -->/g;

/** A plan in a comment, with what it was made for. */
export interface CarriedPlan extends ReviewedPlan {
  /** What it is about, such as `git permission`. */
  readonly kind: string;
  /** The commit whose manifest it was made from. */
  readonly head: string;
}

/** Scopes as `[kind, ID, prune, desired digest, observed digest, digests of the changes in one text]`. */
const Carried = z.object({
  kind: z.string(),
  head: z.string(),
  hash: z.string(),
  scopes: z.nullable(z.array(z.tuple([z.string(), z.string(), z.boolean(), z.string(), z.string(), z.string()]))),
});

const shortened = (hex: string) => Buffer.from(hex, 'hex').toString('base64url');
const restored = (digest: string) => Buffer.from(digest, 'base64url').toString('hex');

const block = (value: z.input<typeof Carried>) =>
  `${OPENING}${deflateRawSync(JSON.stringify(value)).toString('base64')} -->`;

/** A plan as a hidden part of a comment. `isWhole` is false if it is too large: then only its hash is carried. */
export function carriedText(
  plan: Plan<unknown, unknown>,
  head: string,
): { readonly text: string; readonly isWhole: boolean } {
  const facts = { kind: plan.name, head, hash: plan.hash };
  const scopes = hashedScopes(plan.scopes).map(
    ({
      kind,
      id,
      prune,
      desiredDigest,
      observedDigest,
      changes,
    }): [string, string, boolean, string, string, string] => {
      return [kind, id, prune, shortened(desiredDigest), shortened(observedDigest), changes.join('')];
    },
  );
  const text = block({ ...facts, scopes });
  return text.length <= MAX_CARRIED
    ? { text, isWhole: true }
    : { text: block({ ...facts, scopes: null }), isWhole: false };
}

function decoded(encoded: string): z.output<typeof Carried> | undefined {
  try {
    const bytes = inflateRawSync(Buffer.from(encoded, 'base64'), { maxOutputLength: MAX_INFLATED_BYTES });
    return z.safeParse(Carried, JSON.parse(bytes.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Whether a comment carries a plan, be it one that cannot be read. */
export const carriesPlan = (body: string): boolean => body.includes(OPENING);

/** The plan in a comment; undefined if there is none, several, or one that is damaged. */
export function carriedPlan(body: string): CarriedPlan | undefined {
  const [first, ...others] = [...body.matchAll(BLOCK)];
  const found = others.length === 0 ? decoded(first?.[1] ?? '') : undefined;
  if (found === undefined) return undefined;
  const { kind: about, head, hash } = found;
  if (found.scopes === null) return { kind: about, head, hash, scopes: undefined };
  const scopes: HashedScope[] = found.scopes.map(([kind, id, prune, desired, observed, changes]) => ({
    kind,
    id,
    prune,
    desiredDigest: restored(desired),
    observedDigest: restored(observed),
    changes: changes.match(new RegExp(`.{${DIGEST_LENGTH}}`, 'g')) ?? [],
  }));
  return planHash(about, scopes) === hash ? { kind: about, head, hash, scopes } : undefined;
}
