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
}

/** Reads the facts from the runner's variables. https://docs.github.com/actions/reference/variables-reference */
export function runFacts(env: Readonly<Record<string, string | undefined>>): RunFacts {
  const { GITHUB_REPOSITORY: repository, GITHUB_ACTOR: actor, GITHUB_EVENT_NAME: event, GITHUB_RUN_ID: run } = env;
  const server = env['GITHUB_SERVER_URL'] ?? 'https://github.com';
  return {
    ...(repository ? { repository } : {}),
    ...(actor ? { actor } : {}),
    ...(event ? { event } : {}),
    ...(repository && run ? { runUrl: `${server}/${repository}/actions/runs/${run}` } : {}),
  };
}
