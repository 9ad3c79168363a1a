/** An end counts once two polls this far apart see it, in milliseconds. */
export const CONFIRM_MS = 2_000;
/** Output, last message and pull request may come this long after the end, in milliseconds. */
export const LATE_MS = 5_000;
/** The last poll starts this long before the end of the time, or at half of a shorter time, in milliseconds. */
const LAST_POLL_MS = 5_000;
/** What is left of the time for the result, once nothing can be seen any more, in milliseconds. */
const MARGIN_MS = 500;
/** A start takes seconds, whatever the interval is for the hours that may follow. */
export const FIRST_PAUSE_MS = 1_000;
/** A poll comes up to this share of the interval later, so that many waits do not poll at once. */
const JITTER = 0.2;
/** Maximum number of organizations that are polled at the interval of the input; more are polled less often. */
const ORGANIZATIONS_AT_ONCE = 10;

/** The time between two polls, in milliseconds; `random` is from 0 up to, not including, 1. */
export const intervalOf = (pollInterval: number, organizations: number, random: number): number =>
  Math.round(pollInterval * Math.max(1, organizations / ORGANIZATIONS_AT_ONCE) * (1 + JITTER * random));

/** When the last poll starts, in milliseconds since 1970. */
export const lastPollAt = (startedAt: number, timeout: number): number =>
  startedAt + (timeout < 2 * LAST_POLL_MS ? timeout / 2 : timeout - LAST_POLL_MS);

/**
 * How long to wait before the poll that confirms an end, in milliseconds. It comes in time for its result to be
 * published, even if that is sooner than it should be.
 */
export function confirmedIn(seenAt: number, now: number, endAt: number): number {
  const due = [seenAt + CONFIRM_MS, seenAt + LATE_MS].find((at) => at > now) ?? now + CONFIRM_MS;
  const latest = endAt - MARGIN_MS;
  return Math.max(1, (now < latest ? Math.min(due, latest) : due) - now);
}

/** Whether an end that was seen again counts without what is still missing: it is late, or no time is left for it. */
export const isOverdue = (seenAt: number, pollAt: number, endAt: number): boolean =>
  pollAt - seenAt >= LATE_MS || pollAt >= endAt - MARGIN_MS - CONFIRM_MS;
