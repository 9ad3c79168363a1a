import * as z from 'zod/mini';

/** A user as the REST API names them; null for an account that was deleted. */
export const Account = z.nullish(z.object({ login: z.string(), type: z.optional(z.string()) }));

/** Login of the app that posts the reviews of Devin. */
const REVIEWER = 'devin-ai-integration[bot]';

/**
 * Whether a user is the reviewer. No person can have a login with brackets, and the type comes from GitHub, so both
 * together cannot be taken on.
 */
export const isReviewer = (account: z.output<typeof Account>): boolean =>
  account?.type === 'Bot' && account.login.toLowerCase() === REVIEWER;

/** The same for an actor of the GraphQL API, which names an app without the suffix. */
export const isReviewingActor = (actor: { readonly __typename: string; readonly login: string }): boolean =>
  actor.__typename === 'Bot' && `${actor.login.toLowerCase()}[bot]` === REVIEWER;
