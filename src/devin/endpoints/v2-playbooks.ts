import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';
import { optionalText } from './shapes.ts';
import { V2Success } from './v2-shapes.ts';

/** A playbook of the enterprise as v2 shows it; which fields are always there is not documented. */
export const V2Playbook = lazy(() =>
  tolerant({
    playbook_id: z.optional(z.string()),
    title: z.optional(z.string()),
    body: z.optional(z.string()),
    status: z.optional(z.string()),
    access: z.optional(z.string()),
    account_id: z.optional(z.string()),
    macro: optionalText(),
    created_at: z.optional(z.string()),
    updated_at: z.optional(z.string()),
  }),
);

/** What a playbook says. The schema wants title and body of a PUT, too, although its prose calls them optional. */
const V2PlaybookRequest = lazy(() =>
  z.strictObject({
    title: z.string().check(z.minLength(1)),
    body: z.string().check(z.minLength(1)),
    macro: optionalText(),
  }),
);

/** https://docs.devin.ai/api-reference/v2/playbooks; a bare array with all of them. */
export const v2ListPlaybooks = endpoint('v2ListPlaybooks', 'GET /v2/enterprise/playbooks', {
  summary: 'List the playbooks of the enterprise (v2)',
  permission: [],
  answer: lazy(() => list(V2Playbook())),
});

/** Adds a playbook to the enterprise. */
export const v2CreatePlaybook = endpoint('v2CreatePlaybook', 'POST /v2/enterprise/playbooks', {
  summary: 'Create a playbook of the enterprise (v2)',
  permission: [],
  body: V2PlaybookRequest,
  answer: V2Playbook,
});

/** Replaces what a playbook of the enterprise says. */
export const v2UpdatePlaybook = endpoint('v2UpdatePlaybook', 'PUT /v2/enterprise/playbooks/{playbook_id}', {
  summary: 'Replace a playbook of the enterprise (v2)',
  permission: [],
  body: V2PlaybookRequest,
  answer: V2Success,
});
