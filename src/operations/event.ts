import type { Fallible } from '../contract/fallible.ts';
import type { GithubEvent } from '../github/event/shape.ts';

/** The event that started the workflow, or why it is not known, as a clause. */
export type EventRead = Fallible<{ readonly event: GithubEvent }>;
