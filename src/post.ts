import { asActionError } from './contract/errors.ts';
import { Redactor } from './runner/redact.ts';
import { endAll } from './step/end-all.ts';
import { leftBehind } from './step/left-behind.ts';
import { openLog, type World } from './step/step.ts';

/**
 * Ends the sessions that the main step left behind because it was killed, or could not end in time. It never fails the
 * job, whose fate is sealed by now; what may spend more ACUs is a warning.
 */
export async function post(world: World): Promise<boolean> {
  const redactor = new Redactor();
  const log = openLog(world, redactor);
  const left = leftBehind(world.env, log);
  if (left.length === 0) return true;
  try {
    await endAll(left, { ...world, log, redactor });
  } catch (thrown) {
    const ids = left.map(({ session_id: id, tag }) => id ?? tag).join(', ');
    const message = `They may spend more ACUs: ${ids}. ${asActionError(thrown).message}`;
    log.annotate('warning', 'Sessions may still be running', message);
  }
  return true;
}
