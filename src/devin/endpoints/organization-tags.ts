import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';

/** The tags that sessions of an organization may carry. */
export const OrgTags = lazy(() => tolerant({ tags: list(z.string()) }, ['tags']));

/** Tags to allow. */
export const OrgTagsRequest = lazy(() => z.strictObject({ tags: z.array(z.string()) }));

/** The tag that new sessions get; null is none. */
export const DefaultTag = lazy(() => tolerant({ default_tag: z.nullable(z.string()) }));

/** The tag to make the default, one of the allowed ones. */
export const DefaultTagRequest = lazy(() => z.strictObject({ tag: z.string() }));

/** The allowed tags of an organization. https://docs.devin.ai/api-reference/v3/tags */
export const getOrgTags = endpoint('getOrgTags', 'GET /v3/enterprise/organizations/{org_id}/tags', {
  summary: 'Show the allowed session tags of an organization',
  permission: ['ManageEnterpriseSettings'],
  answer: OrgTags,
});

/** Allows further tags; those already allowed stay once. */
export const appendOrgTags = endpoint('appendOrgTags', 'POST /v3/enterprise/organizations/{org_id}/tags', {
  summary: 'Allow further session tags in an organization',
  permission: ['ManageEnterpriseSettings'],
  body: OrgTagsRequest,
  answer: OrgTags,
});

/** Replaces all allowed tags. */
export const replaceOrgTags = endpoint('replaceOrgTags', 'PUT /v3/enterprise/organizations/{org_id}/tags', {
  summary: 'Replace the allowed session tags of an organization',
  permission: ['ManageEnterpriseSettings'],
  body: OrgTagsRequest,
  answer: OrgTags,
});

/** Removes all allowed tags. */
export const clearOrgTags = endpoint('clearOrgTags', 'DELETE /v3/enterprise/organizations/{org_id}/tags', {
  summary: 'Remove all allowed session tags of an organization',
  permission: ['ManageEnterpriseSettings'],
  answer: OrgTags,
});

/** Removes one allowed tag; the answer shows the others. */
export const removeOrgTag = endpoint('removeOrgTag', 'DELETE /v3/enterprise/organizations/{org_id}/tags/{tag}', {
  summary: 'Remove one allowed session tag of an organization',
  permission: ['ManageEnterpriseSettings'],
  answer: OrgTags,
});

/** The default tag of an organization. */
export const getOrgDefaultTag = endpoint('getOrgDefaultTag', 'GET /v3/enterprise/organizations/{org_id}/tags/default', {
  summary: 'Show the default session tag of an organization',
  permission: ['ManageEnterpriseSettings'],
  answer: DefaultTag,
});

/** Sets the default tag, which has to be an allowed one. */
export const setOrgDefaultTag = endpoint('setOrgDefaultTag', 'PUT /v3/enterprise/organizations/{org_id}/tags/default', {
  summary: 'Set the default session tag of an organization',
  permission: ['ManageEnterpriseSettings'],
  body: DefaultTagRequest,
  answer: DefaultTag,
});

/** Removes the default tag; it stays an allowed one. */
export const clearOrgDefaultTag = endpoint(
  'clearOrgDefaultTag',
  'DELETE /v3/enterprise/organizations/{org_id}/tags/default',
  {
    summary: 'Remove the default session tag of an organization',
    permission: ['ManageEnterpriseSettings'],
    answer: DefaultTag,
  },
);
