import { example, type Fields } from './document.ts';
import { type Answer, type Asked, type Handler, page, repositoryPath } from './paging.ts';
import { PULL_HANDLERS } from './pulls.ts';
import { REVIEW_HANDLERS } from './reviews.ts';
import { type Accepted, type CheckRun, type Comment, edit, type Job, Refused } from './state.ts';

const always =
  (...accepted: Accepted) =>
  () =>
    accepted;
const notFound = () => new Refused(404, 'Not Found');
const numbered = (asked: Asked, name: string) => Number(asked.params[name]);

function commentBody(asked: Asked, comment: Comment): Fields {
  const { api, state } = asked;
  const base = example('issue-comment');
  const { login, bot } = comment.author;
  const user = { ...Object(base['user']), login, type: bot ? 'Bot' : 'User' };
  return {
    ...base,
    id: comment.id,
    node_id: comment.nodeId,
    user,
    author_association: comment.association ?? 'NONE',
    body: comment.body,
    url: `${api}${repositoryPath(state)}/issues/comments/${comment.id}`,
    html_url: `https://github.com/${state.repository}/issues/${comment.thread}#issuecomment-${comment.id}`,
    issue_url: `${api}${repositoryPath(state)}/issues/${comment.thread}`,
  };
}

function threadOf(asked: Asked) {
  const thread = asked.state.threads.get(numbered(asked, 'issue_number'));
  if (thread === undefined || thread.kind === 'discussion') throw notFound();
  return thread;
}

/** An issue as GitHub shows it, and a pull request as it shows one among the issues. */
function issueBody(asked: Asked): Fields {
  const { api, state } = asked;
  const {
    number,
    kind,
    title = 'The parser drops a comma',
    body = 'It should not.',
    author,
    association,
  } = threadOf(asked);
  const { pull_request: _, ...base } = example('issue');
  const login = author ?? 'octocat';
  const path = `${repositoryPath(state)}/pulls/${number}`;
  const page = `https://github.com/${state.repository}/pull/${number}`;
  const url = `${api}${path}`;
  return {
    ...base,
    ...{ number, title, body, author_association: association ?? 'OWNER' },
    user: { ...Object(base['user']), login, type: login.endsWith('[bot]') ? 'Bot' : 'User' },
    repository_url: `${api}${repositoryPath(state)}`,
    ...(kind === 'pull_request'
      ? { pull_request: { url, html_url: page, diff_url: `${page}.diff`, patch_url: `${page}.patch` } }
      : {}),
  };
}

function oneComment(asked: Asked): Comment {
  const id = numbered(asked, 'comment_id');
  const comment = asked.state.comments.find((each) => each.id === id && each.nodeId.startsWith('IC_'));
  if (comment === undefined) throw notFound();
  return comment;
}

const MAX_BODY = 65_536;

function newBody({ body }: Asked): string {
  const text = String(body['body']);
  const refuse = (message: string) => {
    const errors = [{ resource: 'IssueComment', code: 'unprocessable', field: 'data', message }];
    return new Refused(422, 'Validation Failed', { errors });
  };
  if (text.trim() === '') throw refuse('Body cannot be blank');
  if ([...text].length > MAX_BODY) throw refuse(`Body is too long (maximum is ${MAX_BODY} characters)`);
  return text;
}

/** GitHub takes `pull-requests` for a comment only where the comment is on a pull request. */
const commenting = (level: 'read' | 'write', number: (asked: Asked) => number | undefined) => (asked: Asked) => {
  const pull = asked.state.threads.get(number(asked) ?? 0)?.kind === 'pull_request';
  return pull ? [{ issues: level }, { 'pull-requests': level }] : [{ issues: level }];
};
const byIssue = (asked: Asked) => numbered(asked, 'issue_number');
const byComment = (asked: Asked) => asked.state.comments.find(({ id }) => id === numbered(asked, 'comment_id'))?.thread;

function jobBody({ api, state }: Asked, job: Job): Fields {
  const steps = job.steps.map(({ name, conclusion }, at) => ({
    name,
    conclusion,
    status: 'completed',
    number: at + 1,
    started_at: '2026-01-31T08:00:00Z',
    completed_at: '2026-01-31T08:00:01Z',
  }));
  const { id, name, conclusion } = job;
  return {
    ...example('job'),
    ...{ id, name, conclusion, steps, run_id: job.run, run_attempt: job.attempt },
    status: conclusion === null ? 'in_progress' : 'completed',
    completed_at: conclusion === null ? null : '2026-01-31T08:00:01Z',
    created_at: '2026-01-31T07:59:00Z',
    html_url: `https://github.com/${state.repository}/actions/runs/${job.run}/job/${id}`,
    check_run_url: `${api}${repositoryPath(state)}/check-runs/${id}`,
  };
}

function oneJob(asked: Asked): Job {
  const job = asked.state.jobs.find(({ id }) => id === numbered(asked, 'job_id'));
  if (job === undefined) throw notFound();
  return job;
}

function jobList(asked: Asked, path: string, jobs: readonly Job[]): Answer {
  if (!asked.state.jobs.some(({ run }) => run === numbered(asked, 'run_id'))) throw notFound();
  const { rows, headers } = page(asked, path, jobs, (job) => jobBody(asked, job));
  return { status: 200, body: { total_count: jobs.length, jobs: rows }, headers };
}

function runJobs(asked: Asked): Answer {
  const run = numbered(asked, 'run_id');
  const all = asked.state.jobs.filter((job) => job.run === run);
  const latest = Math.max(...all.map(({ attempt }) => attempt));
  const jobs = asked.query.get('filter') === 'all' ? all : all.filter(({ attempt }) => attempt === latest);
  return jobList(asked, `${repositoryPath(asked.state)}/actions/runs/${run}/jobs`, jobs);
}

function attemptJobs(asked: Asked): Answer {
  const [run, attempt] = [numbered(asked, 'run_id'), numbered(asked, 'attempt_number')];
  const jobs = asked.state.jobs.filter((job) => job.run === run && job.attempt === attempt);
  return jobList(asked, `${repositoryPath(asked.state)}/actions/runs/${run}/attempts/${attempt}/jobs`, jobs);
}

function checkRunBody({ api, state }: Asked, run: CheckRun): Fields {
  const base = example('check-run');
  const { id, name, conclusion, status = 'completed', head, externalId } = run;
  const count = run.annotations?.length ?? 0;
  const output = run.output ?? { title: null, summary: null };
  return {
    ...base,
    ...{ id, name, conclusion, status, check_suite: { id: run.suite } },
    ...(head === undefined ? {} : { head_sha: head }),
    ...(externalId === undefined ? {} : { external_id: externalId }),
    app: { ...Object(base['app']), slug: run.app },
    output: {
      text: null,
      ...output,
      annotations_count: count,
      annotations_url: `${api}${repositoryPath(state)}/check-runs/${id}/annotations`,
    },
    html_url: `https://github.com/${state.repository}/runs/${id}`,
  };
}

function oneCheckRun(asked: Asked): CheckRun {
  const run = asked.state.checkRuns.get(numbered(asked, 'check_run_id'));
  if (run === undefined) throw notFound();
  return run;
}

function annotations(asked: Asked): Answer {
  const run = oneCheckRun(asked);
  const path = `${repositoryPath(asked.state)}/check-runs/${run.id}/annotations`;
  const { rows, headers } = page(asked, path, run.annotations ?? [], ({ path: file, line, level, title, message }) => ({
    ...example('check-annotation-items'),
    path: file,
    start_line: line,
    end_line: line,
    start_column: null,
    end_column: null,
    annotation_level: level,
    title: title ?? null,
    message,
    raw_details: null,
  }));
  return { status: 200, body: rows, headers };
}

function suiteRuns(asked: Asked): Answer {
  const suite = numbered(asked, 'check_suite_id');
  const all = [...asked.state.checkRuns.values()].filter((run) => run.suite === suite);
  if (all.length === 0) throw notFound();
  const path = `${repositoryPath(asked.state)}/check-suites/${suite}/check-runs`;
  const { rows, headers } = page(asked, path, all, (run) => checkRunBody(asked, run));
  return { status: 200, body: { total_count: all.length, check_runs: rows }, headers };
}

function log(asked: Asked): Answer {
  const job = oneJob(asked);
  if (job.log === 'missing') throw notFound();
  if (job.log === 'gone') throw new Refused(410, 'Server Error');
  return { status: 302, headers: { location: `${asked.files}/logs/${job.id}.txt?sig=made-up` } };
}

/** `maintain` and `triage` are folded, a custom role into what it is based on. */
const FOLDED: Readonly<Record<string, string>> = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
};

function collaborator(asked: Asked): Answer {
  const login = asked.params['username'] ?? '';
  const role = asked.state.roles.get(login);
  if (role === undefined) throw new Refused(404, `${login} is not a user`);
  const [name = '', base = name] = role.split(' based on ');
  const permission = role === 'none' ? 'none' : (FOLDED[base] ?? 'read');
  const may = (...names: readonly string[]) => names.includes(base);
  const user = {
    ...Object(example('issue-comment')['user']),
    login,
    role_name: name,
    permissions: {
      admin: may('admin'),
      maintain: may('admin', 'maintain'),
      push: may('admin', 'maintain', 'write'),
      triage: may('admin', 'maintain', 'write', 'triage'),
      pull: role !== 'none',
    },
  };
  return { status: 200, body: { permission, role_name: name === 'none' ? '' : name, user } };
}

/** What a check says about itself; GitHub takes no more characters. */
function checkOutput({ body }: Asked): CheckRun['output'] {
  const { title, summary } = Object(body['output']);
  if (String(summary).length > 65_535) throw new Refused(422, 'Invalid request. summary is too long');
  return { title: String(title), summary: String(summary) };
}

function createCheck(asked: Asked): Answer {
  const { state, body, token } = asked;
  if (!token.installation) throw new Refused(403, 'You must authenticate via a GitHub App.');
  const [id, output] = [state.id(), checkOutput(asked)];
  const { name, head_sha: head, status, conclusion = null, external_id: externalId } = body;
  const run = { id, name: String(name), suite: 1, app: 'github-actions', head: String(head), status: String(status) };
  const made: CheckRun = {
    ...run,
    conclusion: conclusion === null ? null : String(conclusion),
    ...(externalId === undefined ? {} : { externalId: String(externalId) }),
    ...(output ? { output } : {}),
  };
  state.checkRuns.set(id, made);
  return { status: 201, body: checkRunBody(asked, made) };
}

function updateCheck(asked: Asked): Answer {
  const before = oneCheckRun(asked);
  const { status, conclusion, external_id: externalId } = asked.body;
  const output = checkOutput(asked);
  const after = {
    ...before,
    status: String(status),
    conclusion: String(conclusion),
    ...(output ? { output } : {}),
    ...(externalId === undefined ? {} : { externalId: String(externalId) }),
  };
  asked.state.checkRuns.set(before.id, after);
  return { status: 200, body: checkRunBody(asked, after) };
}

const FILES_OF_COMPARISON = 300;

function compare(asked: Asked): Answer {
  const [base, head] = (asked.params['basehead'] ?? '').split('...');
  const found = asked.state.comparisons.find((each) => each.base === base && each.head === head);
  if (found === undefined) throw notFound();
  const zeros = '0'.repeat(40);
  const [entry] = [example('commit-comparison')['files']].flat();
  const files = found.files
    .slice(0, FILES_OF_COMPARISON)
    .map((filename) => ({ ...Object(entry), filename, sha: zeros }));
  return { status: 200, body: { ...example('commit-comparison'), files } };
}

function user({ token }: Asked): Answer {
  if (token.installation) throw new Refused(403, 'Resource not accessible by integration');
  return {
    status: 200,
    body: { ...example('private-user-response-with-public-profile-information'), login: token.login },
  };
}

/** Whatever it is about, since the comment of an event is not among those that tests write. */
function reacted({ body, state }: Asked, subject: string): Answer {
  state.reactions.push([subject, String(body['content'])]);
  return { status: 201, body: { ...example('reaction'), content: body['content'] } };
}

/** Every route that the local GitHub serves, named as in the document. */
export const HANDLERS: Readonly<Record<string, Handler>> = {
  'GET /user': { accepted: always({}), serve: user },
  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments': {
    accepted: commenting('read', byIssue),
    serve(asked) {
      const { number } = threadOf(asked);
      const all = asked.state.comments.filter(({ thread }) => thread === number);
      const path = `${repositoryPath(asked.state)}/issues/${number}/comments`;
      const { rows, headers } = page(asked, path, all, (comment) => commentBody(asked, comment));
      return { status: 200, body: rows, headers };
    },
  },
  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments': {
    accepted: commenting('write', byIssue),
    serve(asked) {
      const { number, locked } = threadOf(asked);
      if (locked) throw new Refused(403, 'Unable to create comment because issue is locked.');
      const body = newBody(asked);
      return { status: 201, body: commentBody(asked, asked.state.comment(number, body, asked.token)) };
    },
  },
  'GET /repos/{owner}/{repo}/issues/{issue_number}': {
    accepted: commenting('read', byIssue),
    serve: (asked) => ({ status: 200, body: issueBody(asked) }),
  },
  'GET /repos/{owner}/{repo}/issues/comments/{comment_id}': {
    accepted: commenting('read', byComment),
    serve: (asked) => ({ status: 200, body: commentBody(asked, oneComment(asked)) }),
  },
  'PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}': {
    accepted: commenting('write', byComment),
    serve(asked) {
      const comment = oneComment(asked);
      edit(comment, newBody(asked), asked.state.now);
      return { status: 200, body: commentBody(asked, comment) };
    },
  },
  'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions': {
    accepted: commenting('write', byIssue),
    serve: (asked) => reacted(asked, `issue ${threadOf(asked).number}`),
  },
  'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions': {
    accepted: commenting('write', byComment),
    serve: (asked) => reacted(asked, `comment ${numbered(asked, 'comment_id')}`),
  },
  'POST /repos/{owner}/{repo}/pulls/comments/{comment_id}/reactions': {
    accepted: always({ 'pull-requests': 'write' }),
    serve: (asked) => reacted(asked, `review comment ${numbered(asked, 'comment_id')}`),
  },
  'GET /repos/{owner}/{repo}/collaborators/{username}/permission': {
    accepted: always({ metadata: 'read' }),
    serve: collaborator,
  },
  ...REVIEW_HANDLERS,
  'POST /repos/{owner}/{repo}/check-runs': { accepted: always({ checks: 'write' }), serve: createCheck },
  'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}': {
    accepted: always({ checks: 'write' }),
    serve: updateCheck,
  },
  'GET /repos/{owner}/{repo}/check-runs/{check_run_id}': {
    accepted: always({ checks: 'read' }),
    serve: (asked) => ({ status: 200, body: checkRunBody(asked, oneCheckRun(asked)) }),
  },
  'GET /repos/{owner}/{repo}/check-runs/{check_run_id}/annotations': {
    accepted: always({ checks: 'read' }),
    serve: annotations,
  },
  'GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs': {
    accepted: always({ checks: 'read' }),
    serve: suiteRuns,
  },
  'GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs': { accepted: always({ actions: 'read' }), serve: runJobs },
  'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs': {
    accepted: always({ actions: 'read' }),
    serve: attemptJobs,
  },
  'GET /repos/{owner}/{repo}/actions/jobs/{job_id}': {
    accepted: always({ actions: 'read' }),
    serve: (asked) => ({ status: 200, body: jobBody(asked, oneJob(asked)) }),
  },
  'GET /repos/{owner}/{repo}/actions/jobs/{job_id}/logs': { accepted: always({ actions: 'read' }), serve: log },
  'POST /repos/{owner}/{repo}/dispatches': {
    accepted: always({ contents: 'write' }),
    serve(asked) {
      const { event_type: type, client_payload: payload } = asked.body;
      const text = JSON.stringify(payload ?? {});
      if (Object.keys(Object(payload)).length > 10) throw new Refused(422, 'No more than 10 properties are allowed.');
      if (Buffer.byteLength(text) > 65_535) throw new Refused(422, 'client_payload is too large.');
      asked.state.dispatches.push({ type: String(type), payload: JSON.parse(text) });
      return { status: 204, headers: {} };
    },
  },
  ...PULL_HANDLERS,
  'GET /repos/{owner}/{repo}/compare/{basehead}': { accepted: always({ contents: 'read' }), serve: compare },
};
