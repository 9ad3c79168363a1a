/** What the runner tells about the workflow run. A member is absent outside of a workflow. */
export interface RunFacts {
  /** `owner/name`. */
  readonly repository?: string;
  /** Login of who caused the run. */
  readonly actor?: string;
  /** Name of the event, e.g. `issue_comment`. */
  readonly event?: string;
  /** What the event is about, where a step has looked at it: `#128`, and its page. */
  readonly thread?: { readonly name: string; readonly url: string };
  /** Page of the run. */
  readonly runUrl?: string;
  /** Name of the workflow. */
  readonly workflow?: string;
  /** The workflow file that was started, with its ref: `acme/api/.github/workflows/devin.yml@refs/heads/main`. */
  readonly workflowRef?: string;
  /** The commit that the run was started for, and its ref, such as `refs/heads/main`. */
  readonly commit?: string;
  readonly ref?: string;
  /** Id of the run, which its re-runs share. */
  readonly runId?: string;
  /** Which attempt of the run this is, from 1. */
  readonly attempt?: number;
  /** Id of the job in the workflow. */
  readonly job?: string;
  /** Id of the step in the job; the runner makes one up where the workflow gives none. */
  readonly step?: string;
  /** The place of the job in the run, with its cell of a matrix and the workflows that call it; the same in re-runs. */
  readonly orchestration?: string;
}

/** Events that only a person with write access, or GitHub's own clock, can cause. */
const BY_WRITERS = new Set([
  ...['workflow_dispatch', 'repository_dispatch', 'schedule', 'push', 'create', 'delete', 'merge_group', 'release'],
  ...['deployment', 'deployment_status', 'branch_protection_rule', 'page_build', 'registry_package'],
]);

/** Whether an event needs write access to cause, so that nothing about its sender is to be looked up. */
export const isByWriters = (event: string): boolean => BY_WRITERS.has(event);

/** The address of the GitHub server, with its path if it has one, without a slash at its end. */
export const serverUrl = (env: Readonly<Record<string, string | undefined>>): string =>
  (env['GITHUB_SERVER_URL'] || 'https://github.com').replace(/\/+$/, '');

/** Reads the facts from the runner's variables. https://docs.github.com/actions/reference/variables-reference */
export function runFacts(env: Readonly<Record<string, string | undefined>>): RunFacts {
  const { GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: runId, GITHUB_RUN_ATTEMPT: attempt } = env;
  const { GITHUB_ACTOR: actor, GITHUB_EVENT_NAME: event, GITHUB_WORKFLOW: workflow } = env;
  const { GITHUB_JOB: job, GITHUB_ACTION: step } = env;
  const { GITHUB_SHA: commit, GITHUB_REF: ref } = env;
  const { GITHUB_WORKFLOW_REF: workflowRef, ACTIONS_ORCHESTRATION_ID: orchestrationId = '' } = env;
  // The first part is different in each attempt.
  const orchestration = orchestrationId.split('.').slice(1).join('.');
  const server = serverUrl(env);
  return {
    ...(repository ? { repository } : {}),
    ...(actor ? { actor } : {}),
    ...(event ? { event } : {}),
    ...(repository && runId ? { runUrl: `${server}/${repository}/actions/runs/${runId}` } : {}),
    ...(workflow ? { workflow } : {}),
    ...(workflowRef ? { workflowRef } : {}),
    ...(commit ? { commit } : {}),
    ...(ref ? { ref } : {}),
    ...(runId ? { runId } : {}),
    ...(attempt !== undefined && /^\d+$/.test(attempt) ? { attempt: Number(attempt) } : {}),
    ...(job ? { job } : {}),
    ...(step ? { step } : {}),
    ...(orchestration ? { orchestration } : {}),
  };
}

/** The workflow file of a run, without its ref: `acme/api/.github/workflows/devin.yml`; its name if that is not known. */
export const workflowFile = ({ workflowRef, workflow }: RunFacts): string | undefined =>
  workflowRef === undefined ? workflow : (/^.*?\.ya?ml(?=@)/i.exec(workflowRef)?.[0] ?? workflowRef);

/**
 * Whether GitHub keeps the secrets from a run: one for a pull request of a fork, or of Dependabot.
 * https://docs.github.com/actions/reference/security/secure-use
 */
export const getsNoSecrets = (event: { readonly name: string; readonly fork: boolean }, { actor }: RunFacts): boolean =>
  /^pull_request(_review(_comment)?)?$/.test(event.name) && (event.fork || actor === 'dependabot[bot]');
