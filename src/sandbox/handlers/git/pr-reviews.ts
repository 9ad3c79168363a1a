import * as reviews from '../../../devin/endpoints/pr-reviews.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { existing, type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { type Row, Table } from '../../world/table.ts';

interface Review {
  readonly pr_url: string;
  readonly pr_number: number;
  readonly commit_sha: string;
  /** Milliseconds, in the sandbox's time. */
  readonly requested: number;
  /** How it ends, by the habits at the time of its request. */
  readonly end: World['habits']['review_end'];
}

/** When a review begins and ends in the field, in seconds after the request. */
const FIELD = { running: 20, completed: 180 };

const table = shelf(() => new Table<Review>());
/** The head commit of a pull request by its URL, as the last request named it: the sandbox sees no Git host. */
const heads = shelf(() => new Map<string, string>());

function statusOf({ now, habits }: World, { requested, end }: Review): string {
  const seconds = (now - requested) / 1000 / habits.pace;
  if (seconds < FIELD.running || end === 'pending') return 'pending';
  return seconds < FIELD.completed ? 'running' : end;
}

const isUnderway = (status: string) => status === 'pending' || status === 'running';

function show(world: World, { value }: Row<Review>) {
  const { pr_url, pr_number, commit_sha } = value;
  return { pr_url, pr_number, commit_sha, status: statusOf(world, value) };
}

/** The head commit of a pull request; a made-up one if no request has named it. */
function headOf(world: World, url: string): string {
  const known = heads(world).get(url);
  if (known !== undefined) return known;
  const { seeded } = world;
  const n = seeded.word(url, 0);
  return seeded.hex('head', n) + seeded.hex('head-end', n).slice(0, 8);
}

function request(change: Change, orgId: string | null, url: string) {
  const { world } = change;
  const number = Number(/\/(?:pull|merge_requests)\/(\d+)\/?$/.exec(url)?.[1]);
  if (!Number.isInteger(number)) throw invalidField(['body', 'pr_url'], 'Expected the URL of a pull request', 'url');
  const commit_sha = headOf(world, url);
  const before = table(world)
    .all()
    .findLast(({ value }) => value.commit_sha === commit_sha);
  if (before && isUnderway(statusOf(world, before.value))) {
    throw new Problem(409, 'A review of this commit is already pending');
  }
  const id = `pr-review-${table(world).next}`;
  const { now: requested, habits } = world;
  const review = { pr_url: url, pr_number: number, commit_sha, requested, end: habits.review_end };
  const row = table(world).add(id, orgId, review);
  // The documented list has no action for reviews; this one comes nearest.
  recordChange(change, 'update_org_settings', orgId, { change: 'request_pr_review', pr_url: url });
  return show(world, row);
}

function find(
  world: World,
  orgId: string | null,
  { pr_url, commit_sha }: { readonly pr_url: string; readonly commit_sha?: string | null | undefined },
) {
  if (commit_sha) heads(world).set(pr_url, commit_sha);
  const row = table(world)
    .all()
    .findLast(
      ({ orgId: own, value }) =>
        (orgId === null || own === orgId) &&
        value.pr_url === pr_url &&
        value.requested + world.habits.late_reviews_ms <= world.now &&
        (commit_sha ?? value.commit_sha) === value.commit_sha,
    );
  return show(world, existing(row, 'Review'));
}

/** Reviews of pull requests. Their findings would arrive on the Git host, so there are none here. */
export const prReviewHandlers: readonly Handler[] = [
  on(reviews.createPrReview, (call) => request(call, organizationOf(call).id, call.body.pr_url)),
  on(reviews.getPrReview, (call) => find(call.world, organizationOf(call).id, call.query)),
  on(reviews.createEnterprisePrReview, (call) => request(call, null, call.body.pr_url)),
  on(reviews.getEnterprisePrReview, ({ world, query }) => find(world, null, query)),
];
