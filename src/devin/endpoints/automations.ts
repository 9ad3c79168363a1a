import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { tolerant } from '../tolerant.ts';
import { CursorQuery, optionalText, page } from './shapes.ts';

/** An automation: what starts it, and what it does. Sessions that it starts have no structured output. */
export const Automation = lazy(() => tolerant({ automation_id: z.string(), name: optionalText() }, ['automation_id']));

/** A trigger such as `{type: 'github:issues'}` or an action such as `{type: 'start_session'}`, with its settings. */
const Part = lazy(() => z.looseObject({ type: z.string() }));

const AutomationCreateRequest = lazy(() =>
  z.looseObject({ name: z.string(), triggers: z.array(Part()), actions: z.array(Part()) }),
);

const AutomationUpdateRequest = lazy(() =>
  z.looseObject({
    name: z.optional(z.string()),
    triggers: z.optional(z.array(Part())),
    actions: z.optional(z.array(Part())),
  }),
);

const VIEW = ['ViewOrgAutomations'];
const MANAGE = ['ManageOrgAutomations'];

/** The automations of an organization. */
export const listAutomations = endpoint('listAutomations', 'GET /v3/organizations/{org_id}/automations', {
  summary: 'List the automations of an organization',
  permission: VIEW,
  paging: 'cursor',
  query: CursorQuery,
  answer: page(Automation),
  seen: 'field',
});

/** The types of triggers and actions, with their settings. */
export const listAutomationSchemas = endpoint(
  'listAutomationSchemas',
  'GET /v3/organizations/{org_id}/automations/schemas',
  {
    summary: 'List the triggers and actions that automations can have',
    permission: VIEW,
    answer: lazy(() => z.unknown()),
    seen: 'field',
  },
);

/** Adds an automation. One with the trigger `webhook:incoming` gets an inbox at `/v3/webhooks/inbox/<id>`. */
export const createAutomation = endpoint('createAutomation', 'POST /v3/organizations/{org_id}/automations', {
  summary: 'Add an automation',
  permission: MANAGE,
  body: AutomationCreateRequest,
  answer: Automation,
  seen: 'field',
});

/** Changes an automation; what is left out stays as it is. */
export const updateAutomation = endpoint(
  'updateAutomation',
  'PATCH /v3/organizations/{org_id}/automations/{automation_id}',
  {
    summary: 'Change an automation',
    permission: MANAGE,
    body: AutomationUpdateRequest,
    answer: Automation,
    seen: 'field',
  },
);
