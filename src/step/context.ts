import { INPUTS } from '../contract/inputs.ts';
import type { Devin } from '../devin/client.ts';
import type { Credential } from '../devin/credential.ts';
import type { Context } from '../operations/operation.ts';
import { organizationOf, singleOf } from '../operations/organization.ts';
import { writtenInputs } from '../runner/inputs.ts';
import { Workspace } from '../runner/workspace.ts';
import type { Checked } from './check.ts';
import { githubOf } from './github.ts';
import { loadOperation, OPERATION_NAMES } from './registry.ts';
import type { Step } from './step.ts';

/** A step that can send requests to Devin. */
export interface Connected {
  readonly devin: Devin;
  /** Aborts when the workflow is cancelled or the time is over. */
  readonly signal: AbortSignal;
  /** The organization of the embedded sandbox. */
  readonly orgId: string | undefined;
}

/** What an operation runs in. */
export function contextOf(
  step: Step,
  { inputs, operation }: Checked,
  { version }: Credential,
  { devin, signal, orgId }: Connected,
  kept: Pick<Context, 'remains' | 'exists' | 'publish'>,
): Context {
  const { world, log, redactor, workspace, facts, event, comment, check, startedAt, journal } = step;
  const { env, clock } = world;
  return {
    ...kept,
    inputs,
    devin,
    log,
    clock,
    machine: world.machine,
    signal,
    facts,
    written: writtenInputs(env, Object.keys(INPUTS)),
    event,
    github: githubOf(inputs, { env, clock, log, signal }),
    comment,
    check,
    workspace,
    temp: new Workspace(env['RUNNER_TEMP'] || workspace.root),
    version,
    startedAt,
    journal,
    redact: (text) => redactor.redact(text),
    redactValue: (value) => redactor.redactDeep(value),
    operations: () => Promise.all(OPERATION_NAMES.map(loadOperation)),
    organization: organizationOf(devin, singleOf(inputs.org_id) ?? orgId, operation.severalOrganizations === true),
  };
}
