import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fate, type Fault, ModelApi } from './model/api.ts';
import { VirtualClock } from './model/clock.ts';
import { type ModelStep, type Outcome, runModelStep } from './model/step.ts';
// These are loaded when they are needed: here before the first time begins.
import '../../src/operations/sessions/once/create-once.ts';
import '../../src/operations/sessions/once/existing-session.ts';

const START = Date.UTC(2026, 0, 31, 8);
/** A list may lag, a request may be late: both together are found as long as they are under 30 seconds. */
const LAG = fc.constantFrom(0, 1, 3, 12);
const FATE: fc.Arbitrary<Fate> = fc.constantFrom('done', 'done', 'asks', 'sleeps', 'fails', 'exits', 'works');
const FAULT: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom<Fault>('none', 'none', 'dropped', 'lost', '429', '429 carried out'),
  fc.integer({ min: 1, max: 12 }).map((late) => ({ late })),
);
const STOP = fc.option(fc.record({ how: fc.constantFrom('cancel', 'kill'), after: fc.integer({ min: 0, max: 70 }) }), {
  nil: undefined,
  freq: 2,
});

interface Plan {
  readonly lag: number;
  readonly fates: readonly Fate[];
  readonly attempts: ReadonlyArray<
    Omit<ModelStep, 'runId' | 'attempt' | 'idempotency'> & {
      /** The first request is carried out so many seconds later, when the second one has been sent. */
      readonly late: number | undefined;
    }
  >;
}

const attempt = fc.record({
  late: fc.option(fc.integer({ min: 31, max: 38 }), { nil: undefined, freq: 2 }),
  wait: fc.constantFrom('none', 'finished'),
  faults: fc.array(FAULT, { maxLength: 3 }),
  stop: STOP,
  timeout: fc.constantFrom(12, 40, 120, 1_800),
});

/** No session of a key is live besides one, and each that a step reported exists. */
function checkRest(api: ModelApi, outcomes: readonly Outcome[], isWarned: boolean): void {
  const shown = api.shown();
  const isLive = ({ view }: (typeof shown)[number]) => view['status'] !== 'exit' && view['status'] !== 'error';
  const isDone = ({ view }: (typeof shown)[number]) => JSON.stringify(view['structured_output']).includes('"done"');
  const live = shown.filter((one) => isLive(one) && !isDone(one));
  const told = outcomes.map(({ log }) => log).join('\n---\n');
  if (!isWarned)
    expect(
      live.map(({ session }) => session.id),
      told,
    ).toHaveLength(Math.min(1, live.length));
  for (const { session } of outcomes) {
    if (session !== undefined)
      expect(
        shown.map((one) => one.session.id),
        told,
      ).toContain(session);
  }
}

/** No session is requested, and none is woken, once the work of the key is done, and its session can be found. */
function checkDone(api: ModelApi, lag: number, outcomes: readonly Outcome[]): void {
  const told = outcomes.map(({ log }) => log).join('\n---\n');
  expect(api.needless, told).toBe(0);
  for (const { session, view, at, fate } of api.shown()) {
    if (!JSON.stringify(view['structured_output']).includes('"done"')) continue;
    // The session may have been woken: then it was done later than its first life says.
    const doneAt = fate === 'done' ? at + 20_000 : Number.POSITIVE_INFINITY;
    const again = api.creates.filter((sentAt) => sentAt > Math.max(doneAt, at + lag * 1_000) + 1_000);
    expect(again, `${session.id} was done\n${told}`).toEqual([]);
  }
}

/** A step that nothing stopped has a session, unless its request was lost twice. */
function checkSession({ step, session, error, log }: Outcome): void {
  if (step.stop !== undefined || session !== undefined || step.timeout < 120) return;
  const lost = step.faults.filter((fault) => fault === 'dropped' || typeof fault === 'object');
  expect(lost.length, `${error?.message}\n${log}`).toBeGreaterThan(1);
}

/** Steps that begin within three seconds. */
interface Round {
  readonly steps: ReadonlyArray<Omit<ModelStep, 'runId' | 'attempt' | 'idempotency'> & { readonly after: number }>;
}

const round = fc.record<Round>({
  steps: fc.array(
    fc.record({
      after: fc.integer({ min: 0, max: 3_000 }),
      wait: fc.constantFrom('none', 'finished'),
      faults: fc.array(fc.constantFrom<Fault>('none', 'none', 'lost', '429', '429 carried out'), { maxLength: 2 }),
      stop: STOP,
      timeout: fc.constantFrom(120, 1_800),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const CALM = { late: undefined, wait: 'finished', faults: [], stop: undefined, timeout: 1_800 } as const;
const CANCEL = { how: 'cancel', after: 10 } as const;

/** Cases that are always among those that run, however busy the machine is. */
const KNOWN: readonly Plan[] = [
  { lag: 0, fates: ['works', 'works'], attempts: [{ ...CALM, late: 36, wait: 'none' }] },
  { lag: 3, fates: ['works', 'works'], attempts: [{ ...CALM, late: 38, stop: { how: 'kill', after: 33 } }] },
  { lag: 12, fates: ['done', 'done'], attempts: [{ ...CALM, faults: ['lost'] }, CALM] },
  { lag: 12, fates: ['done', 'done'], attempts: [{ ...CALM, faults: ['429 carried out'] }, CALM] },
  { lag: 1, fates: ['done', 'done'], attempts: [CALM, CALM, CALM] },
  { lag: 1, fates: ['works', 'fails', 'sleeps', 'done'], attempts: [{ ...CALM, stop: CANCEL }, CALM, CALM, CALM] },
  { lag: 0, fates: ['works', 'done'], attempts: [{ ...CALM, late: 12, stop: CANCEL }, CALM] },
  {
    lag: 3,
    fates: ['fails', 'done', 'works', 'works'],
    attempts: [CALM, { ...CALM, late: 31, wait: 'none', faults: ['429 carried out', { late: 1 }], timeout: 40 }],
  },
];

const AT_ONCE: [number, Fate[], Round[]][] = [0, 400, 2_500].map((after) => [
  3,
  ['works', 'works', 'works'],
  [
    { steps: [0, after].map((begins) => ({ ...CALM, wait: 'none', after: begins })) },
    { steps: [{ ...CALM, after: 0 }] },
  ],
]);

/** The session of another run is found before that of a request whose response says that it started none. */
const MISTAKEN: [number, Fate[], Round[]] = [
  1,
  ['sleeps', 'sleeps'],
  [
    {
      steps: [
        { ...CALM, wait: 'none', after: 0 },
        { ...CALM, after: 468, faults: ['429 carried out'] },
      ],
    },
  ],
];

describe('steps of one key', () => {
  it('of a run, its attempts one after the other, whatever happens to them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record<Plan>({
          lag: LAG,
          fates: fc.array(FATE, { maxLength: 5 }),
          attempts: fc.array(attempt, { minLength: 1, maxLength: 4 }),
        }),
        async ({ lag, fates, attempts }) => {
          const clock = new VirtualClock(START);
          const api = new ModelApi(clock, lag, fates);
          const outcomes: Outcome[] = [];
          await clock.until(
            (async () => {
              for (const [at, each] of attempts.entries()) {
                const first = each.late === undefined || lag > 3 ? [] : [{ late: each.late }];
                const step = { ...each, faults: [...first, ...each.faults] };
                outcomes.push(await runModelStep(api, { ...step, runId: '1', attempt: at + 1, idempotency: 'run' }));
                // Nobody runs a job again within seconds of its end.
                await clock.sleep(30_000);
              }
              await clock.sleep(60_000);
            })(),
          );
          checkRest(api, outcomes, false);
          checkDone(api, lag, outcomes);
          for (const outcome of outcomes) checkSession(outcome);
        },
      ),
      { numRuns: 120, interruptAfterTimeLimit: 8_000, examples: KNOWN.map((plan): [Plan] => [plan]) },
    );
  });

  it('of your own, several at a time, in a list that lags up to three seconds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(0, 1, 3),
        fc.array(FATE, { maxLength: 6 }),
        fc.array(round, { minLength: 1, maxLength: 3 }),
        async (lag, fates, rounds) => {
          const clock = new VirtualClock(START);
          const api = new ModelApi(clock, lag, fates);
          const outcomes: Outcome[] = [];
          let runs = 0;
          const run = async ({ after, ...each }: Round['steps'][number]) => {
            runs += 1;
            const runId = String(runs);
            await clock.sleep(after);
            outcomes.push(await runModelStep(api, { ...each, runId, attempt: 1, idempotency: 'nightly' }));
          };
          await clock.until(
            (async () => {
              for (const { steps } of rounds) {
                await Promise.all(steps.map(run));
                await clock.sleep(30_000);
              }
              await clock.sleep(60_000);
            })(),
          );
          // A lost response can belong to any of several sessions of others: then the step says so, and ends none.
          const isLost = outcomes.some(({ step }) =>
            step.faults.some((fault) => !['none', '429'].includes(String(fault))),
          );
          const isTold = outcomes.some(({ log }) => log.includes('Two sessions have the same key'));
          checkRest(api, outcomes, isLost && isTold);
          checkDone(api, lag, outcomes);
          for (const outcome of outcomes) checkSession(outcome);
        },
      ),
      { numRuns: 60, interruptAfterTimeLimit: 6_000, examples: [...AT_ONCE, MISTAKEN] },
    );
  });
});
