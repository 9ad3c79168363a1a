import * as z from 'zod/mini';
import { lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';

/** The answer of a v2 change that says no more than that it was made. */
export const V2Success = lazy(() => tolerant({ status: z.optional(z.string()) }));

const DATE_TIME = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/** An ISO date or date-time in a query; without a time it is midnight, without an offset UTC. */
export const optionalInstant = () =>
  z.nullish(z.string().check(z.regex(DATE_TIME, 'Input should be an ISO 8601 date or date-time')));

/** Both ends of a range of time. The reference has two names for each, and does not say which wins. */
export const instantRange = () => ({
  start_date: optionalInstant(),
  end_date: optionalInstant(),
  start: optionalInstant(),
  end: optionalInstant(),
});
