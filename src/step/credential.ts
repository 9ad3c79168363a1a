import { isSandbox } from '../contract/api-url.ts';
import { ActionError } from '../contract/errors.ts';
import type { InputValues } from '../contract/inputs.ts';
import { type InputProblem, inputError } from '../contract/parse.ts';
import { type Credential, type RunWithout, readCredential, SANDBOX_CREDENTIAL, whyEmpty } from '../devin/credential.ts';
import { getsNoSecrets, type RunFacts } from '../github/event/facts.ts';
import type { EventRead } from '../operations/event.ts';
import { isLocal, type Operation, type Preparation } from '../operations/operation.ts';

/** What is known of the run in which a credential may be missing. */
interface Run {
  readonly facts: RunFacts;
  readonly event: () => Promise<EventRead>;
}

/** Whether a step without a credential has something to do: one that writes nothing, for a pull request that gets no secrets. */
export async function mayGoWithout(
  { event, facts }: Run,
  prepared: Preparation<unknown>,
  values: Partial<InputValues>,
): Promise<boolean> {
  if (values.devin_token !== undefined || isSandbox(values.api_url)) return false;
  if ('skipped' in prepared || prepared.withoutCredential === undefined) return false;
  const read = await event();
  return read.ok && getsNoSecrets(read.event, facts);
}

/** What is known of a run that got no credential. */
async function runWithout({ event, facts: { actor } }: Run): Promise<RunWithout> {
  const read = await event();
  return { actor, fork: read.ok && read.event.fork };
}

/** Reads the credential. Throws what is wrong with it and with all inputs. */
export async function checkCredential(
  step: Run,
  operation: Operation,
  values: Partial<InputValues>,
  problems: readonly InputProblem[],
): Promise<Credential> {
  if (isLocal(operation)) return { token: '', version: 'v3' };
  const given = values.devin_token ?? (isSandbox(values.api_url) ? SANDBOX_CREDENTIAL : undefined);
  const read = readCredential(given, values.api_version ?? 'auto');
  if (!read.ok) {
    if (problems.length > 0) throw inputError([...problems, read.problem]);
    const { code, input, message } = read.problem;
    const fix = code === 'credential_missing' ? { fix: whyEmpty(await runWithout(step)) } : {};
    throw new ActionError(code, `The input ${input} ${message}.`, fix);
  }
  const { credential } = read;
  const wrongVersion = credential.version === 'v2' && !operation.versions.includes('v2');
  const message = `is for the legacy API v2, which does not have ${operation.name}; pass a service user key (cog_…)`;
  if (wrongVersion) throw inputError([...problems, { input: 'devin_token', message }]);
  return credential;
}
