import { ActionError } from '../../../contract/errors.ts';
import { v2ListAuditLogs } from '../../../devin/endpoints/v2-enterprise.ts';
import { duration } from '../../../report/units.ts';
import type { Log } from '../../../runner/log.ts';
import { isoTime } from '../events/time.ts';
import { type AuditSource, patiently } from './range.ts';
import { v3Request } from './read-v3.ts';

/** Clocks that differ by less cause no warning. */
const TOLERANCE_MS = 30_000;

/**
 * The time of the API in milliseconds since 1970, from the response to one small request. The end of a window must not
 * depend on the clock of the runner: if it were ahead, events that have not happened yet would count as exported.
 */
export async function apiTime(source: AuditSource, signal: AbortSignal, log: Log): Promise<number> {
  const { devin, clock, scope } = source;
  const second = Math.floor(clock.now() / 1_000);
  const { endpoint, params, query } = v3Request(scope);
  await patiently(source, signal, () =>
    scope.version === 'v2'
      ? devin.raw(v2ListAuditLogs, {
          params: {},
          query: { after: isoTime(second - 1), before: isoTime(second), limit: 1 },
          signal,
        })
      : devin.raw(endpoint, {
          params,
          query: { ...query, first: 1, time_after: second - 1, time_before: second },
          signal,
        }),
  );
  if (devin.earliest() === undefined) {
    log.info(
      'The responses of the API have no valid Date: the export uses the clock of the runner, which must not be ahead.',
    );
  }
  const difference = clock.now() - devin.now();
  if (Math.abs(difference) > TOLERANCE_MS) {
    const direction = difference > 0 ? 'ahead of' : 'behind';
    log.annotate(
      'warning',
      'The clock of the runner is wrong',
      `It is ${duration(Math.abs(difference))} ${direction} that of the API. The export uses the time of the API.`,
    );
  }
  return devin.now();
}

/**
 * A response that says a time before the end of the window shows that its end was in the future: events that had not
 * happened yet would count as exported.
 *
 * @throws `api_contract`
 */
export function checkPast({ devin }: AuditSource, end: number): void {
  const earliest = devin.earliest();
  if (earliest === undefined || end * 1_000 - earliest <= TOLERANCE_MS) return;
  const times = `one says ${isoTime(earliest / 1_000)}, another one a time after ${isoTime(end)}`;
  throw new ActionError('api_contract', `The responses of the API contradict each other about its time: ${times}.`, {
    fix: 'Nothing was exported, and the checkpoint did not change. Run the export again, or set `until`.',
  });
}
