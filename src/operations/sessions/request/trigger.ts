import type { InputName, InputValues } from '../../../contract/inputs.ts';
import type { ThreadReference } from '../../../contract/thread-reference.ts';
import { isByWriters } from '../../../github/event/facts.ts';
import type { GateSettings } from '../../../github/event/gates.ts';
import type { GithubEvent } from '../../../github/event/shape.ts';
import type { PhraseRequest } from '../../../github/event/trigger.ts';
import { isOfEvent } from '../../named-thread.ts';
import type { Checks } from '../../operation.ts';

/** Inputs that say which events may start a session, and what of an event goes into it. */
export const TRIGGER_INPUTS = [
  'context',
  'trigger_phrase',
  'allowed_associations',
  'allowed_bots',
  'reuse',
  'reuse_key',
  'devin_bot',
] as const satisfies readonly InputName[];

type TriggerInputs = Partial<InputValues<(typeof TRIGGER_INPUTS)[number] | 'issue_number'>>;

/** An event that may start a session, as far as that can be told without a request. */
export interface Admitted {
  readonly event: GithubEvent;
  /** What a person asked for behind the trigger phrase. */
  readonly asked: PhraseRequest | undefined;
  /** Logins whose write permission is to be looked up; without a token no one passes. */
  readonly permissionOf: readonly string[];
  /** Logins of which the same is wanted where there is a token. */
  readonly permissionIfToken: readonly string[];
  /** What `issue_number` names, if it is not what the event is about. */
  readonly named: ThreadReference | undefined;
}

/** What the event means for the step: it may go on, or the reason why not; undefined without an event. */
export type Admission = Admitted | { readonly closed: string } | undefined;

/** Reads the event where an input is concerned with it, and holds it against the gates that need no request. */
export async function prepareTrigger(inputs: TriggerInputs, checks: Checks): Promise<Admission> {
  const { event: name } = checks.facts;
  checkReuse(inputs, checks);
  const { issue_number: reference } = inputs;
  const wanted =
    inputs.context === 'event'
      ? 'context'
      : inputs.reuse === 'thread' || inputs.reuse === 'pull_request'
        ? 'reuse'
        : reference === undefined
          ? undefined
          : 'issue_number';
  if (wanted === undefined && (name === undefined || isByWriters(name))) return undefined;
  const read = await checks.event();
  if (!read.ok) {
    checks.problem(wanted ?? 'allowed_associations', `needs the event, but ${read.problem}`);
    return undefined;
  }
  const { event } = read;
  const named = reference === undefined || isOfEvent(reference, event) ? undefined : reference;
  if (inputs.reuse === 'thread' && named === undefined && event.thread === undefined) {
    checks.problem(
      'reuse',
      `is thread, but the event ${event.name} has no issue, pull request, or discussion; set issue_number`,
    );
  }
  if (inputs.reuse === 'pull_request' && named === undefined && event.thread === undefined) {
    checks.problem('reuse', `is pull_request, but the event ${event.name} has no pull request; set issue_number`);
  }
  const { offlineGate } = await import('../../../github/event/gates.ts');
  const settings = gateSettings(inputs);
  // Where a comment is named, the phrase is for that alone.
  const gate = offlineGate(event, named?.comment === undefined ? settings : { ...settings, triggerPhrase: undefined });
  if ('closed' in gate) return gate;
  const { permissionOf, permissionIfToken } = gate;
  return { event, asked: gate.trigger, permissionOf, permissionIfToken, named };
}

/** Which events and comments may start something, by the inputs. */
export const gateSettings = (inputs: TriggerInputs): GateSettings => ({
  triggerPhrase: inputs.trigger_phrase,
  associations: inputs.allowed_associations ?? [],
  bots: inputs.allowed_bots ?? [],
  isContext: inputs.context === 'event' && inputs.issue_number === undefined,
});

function checkReuse({ reuse, reuse_key: key }: TriggerInputs, { problem }: Checks): void {
  if (reuse === 'key' && key === undefined) problem('reuse_key', 'is missing; reuse: key needs it');
  // Without a value `reuse` could not be read, and may have been meant as `key`.
  if (reuse !== undefined && reuse !== 'key' && key !== undefined) problem('reuse_key', 'needs reuse: key');
}
