/** What the runner tells about the workflow run. A member is absent outside of a workflow. */
export interface RunFacts {
  /** `owner/name`. */
  readonly repository?: string;
  /** Login of who caused the run. */
  readonly actor?: string;
  /** Name of the event, e.g. `issue_comment`. */
  readonly event?: string;
  /** Page of the run. */
  readonly runUrl?: string;
  /** Name of the workflow. */
  readonly workflow?: string;
  /** Id of the run, which its re-runs share. */
  readonly runId?: string;
  /** Which attempt of the run this is, from 1. */
  readonly attempt?: number;
  /** Id of the job in the workflow. */
  readonly job?: string;
  /** Id of the step in the job; the runner makes one up where the workflow gives none. */
  readonly step?: string;
}

/** Reads the facts from the runner's variables. https://docs.github.com/actions/reference/variables-reference */
export function runFacts(env: Readonly<Record<string, string | undefined>>): RunFacts {
  const { GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: runId, GITHUB_RUN_ATTEMPT: attempt } = env;
  const { GITHUB_ACTOR: actor, GITHUB_EVENT_NAME: event, GITHUB_WORKFLOW: workflow } = env;
  const { GITHUB_JOB: job, GITHUB_ACTION: step } = env;
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  return {
    ...(repository ? { repository } : {}),
    ...(actor ? { actor } : {}),
    ...(event ? { event } : {}),
    ...(repository && runId ? { runUrl: `${server}/${repository}/actions/runs/${runId}` } : {}),
    ...(workflow ? { workflow } : {}),
    ...(runId ? { runId } : {}),
    ...(attempt !== undefined && /^\d+$/.test(attempt) ? { attempt: Number(attempt) } : {}),
    ...(job ? { job } : {}),
    ...(step ? { step } : {}),
  };
}
