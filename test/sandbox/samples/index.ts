import { contentSamples } from './content.ts';
import { membersSamples } from './members.ts';
import { organizationsSamples } from './organizations.ts';
import type { Samples } from './sample.ts';
import { sessionsSamples } from './sessions.ts';
import { usageSamples } from './usage.ts';
import { v2Samples } from './v2.ts';

const groups: readonly Samples[] = [
  sessionsSamples,
  organizationsSamples,
  membersSamples,
  usageSamples,
  contentSamples,
  v2Samples,
];

/** Requests that work on a fresh sandbox, for every operation of the catalogue. */
export const samples: Samples = {
  params: Object.assign({}, ...groups.map((group) => group.params)),
  requests: Object.assign({}, ...groups.map((group) => group.requests)),
};
