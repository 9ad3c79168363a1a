import { Core, type SeenRequest } from './core.ts';
import type { Fault } from './faults.ts';
import { type FileOptions, fileServer, listen, sendJson } from './http.ts';
import type { Review, ReviewComment } from './reviews.ts';
import type { Author, CheckRun, Comment, Job, Pull, State, Thread, Token } from './state.ts';

/** A pull request that has just been opened. */
const opened = (number: number): Pull => ({
  ...{ number, head: 'b'.repeat(40), base: 'main', draft: false, state: 'open' },
  ...{ mergedAt: null, mergeCommit: null, commits: [] },
});

/** How to start it. */
export interface Options {
  /** `octo-org/octo-repo` where absent. */
  readonly repository?: string;
  /** The API lies where GitHub Enterprise Server has it. */
  readonly enterpriseServer?: boolean;
}

/** A local GitHub, and what a test does to it from outside. */
export interface LocalGithub {
  /** For `GITHUB_API_URL`. */
  readonly url: string;
  /** For `GITHUB_GRAPHQL_URL`. */
  readonly graphqlUrl: string;
  readonly repository: string;
  /** A token that the server takes, `${{ github.token }}` with every permission at first. */
  readonly token: string;
  readonly state: State;
  readonly files: FileOptions;
  /** Says who the token is and what it may do. */
  identify(token: Partial<Token>): void;
  thread(kind: Thread['kind'], number: number): Thread;
  /** Somebody comments. */
  comment(thread: number, body: string, login?: string): Comment;
  /** A pull request of this number is merged now, as this commit, into `main` if no other branch is given. */
  merge(number: number, mergeCommit: string, more?: Partial<Pull>): void;
  /** A pull request, which is a thread as well. */
  pull(number: number, given?: Partial<Pull>): Pull;
  /** Somebody reviews a commit of a pull request. */
  review(pull: number, given?: Partial<Omit<Review, 'id' | 'pull'>>): Review;
  /** Somebody comments on lines in a review. */
  reviewComment(review: Review, given?: Partial<Omit<ReviewComment, 'id' | 'pull' | 'review'>>): ReviewComment;
  /** Somebody deletes a comment. */
  deleteComment(comment: Comment): void;
  /** Comments of a thread, oldest first. */
  comments(thread: number): readonly Comment[];
  /** Gives a person a role: admin, maintain, write, triage, read, none, or `NAME based on write`. */
  collaborator(login: string, role: string): void;
  checkRun(run: Partial<CheckRun>): CheckRun;
  /** A job, with the check run that it has. */
  job(job: Partial<Job>, annotations?: CheckRun['annotations']): Job;
  comparison(base: string, head: string, files: readonly string[]): void;
  fault(fault: Fault): void;
  /** Does something right before each request is answered. */
  before(act: (method: string, path: string) => void): void;
  /** Makes every answer wait, in milliseconds. */
  latency(ms: number): void;
  requests(): readonly SeenRequest[];
  /** What was asked or answered against GitHub's own documents; a test wants none. */
  breaches(): readonly string[];
  close(): Promise<void>;
}

/** The app that posts the reviews of Devin. */
const REVIEWER: Author = { login: 'devin-ai-integration[bot]', bot: true };

const BOT: Token = { login: 'github-actions[bot]', bot: true, installation: true, permissions: 'all' };
/** Permissions of `${{ github.token }}` are always a list; this one has everything that the server asks for. */
const EVERYTHING = {
  issues: 'write',
  'pull-requests': 'write',
  discussions: 'write',
  actions: 'read',
  checks: 'write',
  contents: 'read',
} as const;

/** Starts a local GitHub over HTTP, which answers by GitHub's own documents. */
export async function openGithub(options: Options = {}): Promise<LocalGithub> {
  const { repository = 'octo-org/octo-repo', enterpriseServer = false } = options;
  const core = new Core(repository, enterpriseServer ? '/api/v3' : '');
  const { state } = core;
  const token = 'ghs_made_up_token_of_the_tests';
  state.tokens.set(token, { ...BOT, permissions: EVERYTHING });
  const files: FileOptions = {
    ranges: true,
    lengths: true,
    seen: (path, status, authorization) => {
      core.seen.push({ method: 'GET', path: `/files${path}`, status, authorization });
      if (authorization) core.breaches.push(`${path}: the token went to the file server`);
    },
  };
  const logOf = (path: string) => state.jobs.find(({ id }) => path === `/logs/${id}.txt`)?.log;
  const api = await listen((request, response) => {
    core.handle(request, response).catch((thrown: unknown) => {
      core.breaches.push(`the server itself failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`);
      sendJson(response, 500, {}, { message: 'Server Error' });
    });
  });
  const storage = await listen(fileServer(logOf, files));
  core.api = api.origin + core.prefix;
  core.files = storage.origin;
  const author = (login: string): Author => ({ login, bot: login.endsWith('[bot]') });
  return {
    url: core.api,
    graphqlUrl: `${api.origin}${enterpriseServer ? '/api' : ''}/graphql`,
    repository,
    token,
    state,
    files,
    identify: (change) =>
      state.tokens.set(token, { ...BOT, permissions: EVERYTHING, ...state.tokens.get(token), ...change }),
    thread(kind, number) {
      const thread = { kind, number, nodeId: `${kind === 'discussion' ? 'D' : 'I'}_${number}`, locked: false };
      state.threads.set(number, thread);
      return thread;
    },
    comment: (thread, body, login = 'octocat') => state.comment(thread, body, author(login)),
    merge(number, mergeCommit, more = {}) {
      const times = { mergedAt: state.now, mergeCommit, commits: [mergeCommit] };
      state.pulls.set(number, { ...opened(number), state: 'closed', ...times, ...more });
    },
    pull(number, given) {
      const thread = { kind: 'pull_request', number, nodeId: `I_${number}`, locked: false } as const;
      state.threads.set(number, thread);
      const pull = { ...opened(number), ...given };
      state.pulls.set(number, pull);
      return pull;
    },
    review(pull, given) {
      const commit = state.pulls.get(pull)?.head ?? '';
      const base = { author: REVIEWER, commit, state: 'COMMENTED', body: '' };
      const review = { ...base, ...given, id: state.id(), pull };
      state.reviews.push(review);
      return review;
    },
    reviewComment(review, given) {
      const { id, pull, author } = review;
      const place = { path: 'src/parser.ts', startLine: null, endLine: 12, replyTo: null };
      const base = { author, body: '', ...place, resolved: false, outdated: false, editor: null };
      const comment = { ...base, ...given, id: state.id(), review: id, pull };
      state.reviewComments.push(comment);
      return comment;
    },
    deleteComment(comment) {
      state.comments = state.comments.filter((each) => each !== comment);
    },
    comments: (thread) => state.comments.filter((each) => each.thread === thread),
    collaborator: (login, role) => state.roles.set(login, role),
    checkRun(given) {
      const run = { id: state.id(), name: 'lint', suite: 1, app: 'octo-lint', conclusion: 'failure', ...given };
      state.checkRuns.set(run.id, run);
      return run;
    },
    job(given, annotations = []) {
      const base = { id: state.id(), name: 'build', run: 1, attempt: 1, conclusion: 'failure', steps: [], log: '' };
      const job: Job = { ...base, ...given };
      const { id, name, run: suite } = job;
      const conclusion = job.conclusion ?? 'neutral';
      state.checkRuns.set(id, { id, name, suite, app: 'github-actions', conclusion, annotations });
      state.jobs.push(job);
      return job;
    },
    comparison: (base, head, changed) => state.comparisons.push({ base, head, files: changed }),
    fault: (fault) => core.faults.add(fault),
    before(act) {
      core.before = act;
    },
    latency(ms) {
      core.latencyMs = ms;
    },
    requests: () => core.seen,
    breaches: () => core.breaches,
    async close() {
      await Promise.all([api.close(), storage.close()]);
    },
  };
}
