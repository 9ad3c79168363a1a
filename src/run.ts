import { unless } from './contract/clock.ts';
import { asActionError } from './contract/errors.ts';
import type { Report } from './operations/operation.ts';
import { checkStep } from './step/check.ts';
import { docsUrl, failureReport } from './step/failure.ts';
import { finish } from './step/finish.ts';
import { perform } from './step/perform.ts';
import { openStep, type Step, type World } from './step/step.ts';

async function reportOf(step: Step): Promise<Report> {
  const { env, clock, cancelled } = step.world;
  try {
    return await perform(step, await unless(cancelled, checkStep({ ...step, env, clock, cancelled })));
  } catch (thrown) {
    return failureReport(asActionError(thrown), docsUrl(env));
  }
}

/** Runs the step that the environment describes, writes what it leaves behind, and says whether it is green. */
export async function run(world: World): Promise<boolean> {
  const step = openStep(world);
  const report = await reportOf(step);
  const [isGreen] = await Promise.all([finish(step, report), ...step.closers.map((close) => close())]);
  return isGreen;
}
