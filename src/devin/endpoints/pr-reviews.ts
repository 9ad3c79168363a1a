import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { reader, readText } from '../tolerant.ts';
import { open, optionalText } from './shapes.ts';

/** Where a review of a pull request stands; the list is open. */
export const REVIEW_STATUSES = ['pending', 'running', 'completed', 'errored', 'cancelled', 'skipped'] as const;

/** What a response says about a review. Any of it may be missing: what was paid for must not be lost for a form. */
export interface PrReviewState {
  /** In lower case; null if the response has none. */
  readonly status: string | null;
  /** Hash of the commit that is reviewed. */
  readonly commit_sha: string | null;
}

function readReview(value: unknown): PrReviewState {
  const given: Readonly<Record<string, unknown>> = typeof value === 'object' && value !== null ? { ...value } : {};
  const text = (name: string) => readText(given[name])?.trim().toLowerCase() || null;
  return { status: text('status'), commit_sha: text('commit_sha') };
}

/** A review of one commit of a pull request. Its findings arrive on the Git host, not here. */
export const PrReview = lazy(() =>
  reader(
    z.looseObject({
      status: z.nullish(open(REVIEW_STATUSES)),
      commit_sha: optionalText(),
      pr_number: z.nullish(z.int()),
    }),
    readReview,
  ),
);

const PrReviewRequest = lazy(() => z.strictObject({ pr_url: z.string() }));
const PrReviewQuery = lazy(() => z.strictObject({ pr_url: z.string(), commit_sha: optionalText() }));

const permission = ['UseReviewManual'];

const CREATE = {
  summary: 'Request a review of a pull request',
  permission,
  body: PrReviewRequest,
  answer: PrReview,
  seen: 'field',
} as const;

const GET = {
  summary: 'Show the review of a pull request',
  permission,
  query: PrReviewQuery,
  answer: PrReview,
  seen: 'field',
} as const;

/** Requests a review of the head commit. A 409 means that one is pending. */
export const createPrReview = endpoint('createPrReview', 'POST /v3/organizations/{org_id}/pr-reviews', CREATE);

/** The newest review of a pull request, or of one of its commits. */
export const getPrReview = endpoint('getPrReview', 'GET /v3/organizations/{org_id}/pr-reviews', GET);

/** `createPrReview` for the whole enterprise. */
export const createEnterprisePrReview = endpoint('createEnterprisePrReview', 'POST /v3/enterprise/pr-reviews', CREATE);

/** `getPrReview` for the whole enterprise. */
export const getEnterprisePrReview = endpoint('getEnterprisePrReview', 'GET /v3/enterprise/pr-reviews', GET);
