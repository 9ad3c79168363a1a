import * as tags from '../../../devin/endpoints/organization-tags.ts';
import { invalidField, notFound } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { organizationOf } from '../../world/rows.ts';
import { seededOrganization } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';

interface Allowed {
  readonly tags: readonly string[];
  readonly defaultTag: string | null;
}

const NONE: Allowed = { tags: [], defaultTag: null };

const SEEDED: readonly Allowed[] = [
  { tags: ['bugfix', 'feature', 'maintenance'], defaultTag: 'feature' },
  { tags: ['pipeline', 'migration'], defaultTag: null },
];

/** By organization id. */
const kept = shelf((world) => {
  const byOrganization = new Map<string, Allowed>();
  SEEDED.forEach((allowed, n) => {
    const organization = seededOrganization(world, n);
    if (organization) byOrganization.set(organization.org_id, allowed);
  });
  return byOrganization;
});

type TagCall = Change & { param(name: 'org_id'): string };

function allowedIn(call: TagCall): { readonly orgId: string; readonly allowed: Allowed } {
  const { id } = organizationOf(call);
  return { orgId: id, allowed: kept(call.world).get(id) ?? NONE };
}

/** Keeps the new list; a default tag that is no longer on it is gone. */
function keep(call: TagCall, orgId: string, list: readonly string[], defaultTag: string | null): { tags: string[] } {
  const unique = [...new Set(list)];
  const stays = defaultTag !== null && unique.includes(defaultTag) ? defaultTag : null;
  kept(call.world).set(orgId, { tags: unique, defaultTag: stays });
  // The documented list has no action for tags; this one comes nearest.
  recordChange(call, 'update_org_settings', orgId, { change: 'organization_tags', tags: unique, default_tag: stays });
  return { tags: unique };
}

/** Allowed tags and the default tag of an organization. The sandbox keeps them, and lets sessions carry any tag. */
export const organizationTagHandlers: readonly Handler[] = [
  on(tags.getOrgTags, (call) => ({ tags: [...allowedIn(call).allowed.tags] })),
  on(tags.appendOrgTags, (call) => {
    const { orgId, allowed } = allowedIn(call);
    return keep(call, orgId, [...allowed.tags, ...call.body.tags], allowed.defaultTag);
  }),
  on(tags.replaceOrgTags, (call) => {
    const { orgId, allowed } = allowedIn(call);
    return keep(call, orgId, call.body.tags, allowed.defaultTag);
  }),
  on(tags.clearOrgTags, (call) => keep(call, allowedIn(call).orgId, [], null)),
  on(tags.removeOrgTag, (call) => {
    const { orgId, allowed } = allowedIn(call);
    const tag = call.param('tag');
    if (!allowed.tags.includes(tag)) throw notFound(`Tag "${tag}"`);
    const others = allowed.tags.filter((one) => one !== tag);
    return keep(call, orgId, others, allowed.defaultTag);
  }),
  on(tags.getOrgDefaultTag, (call) => ({ default_tag: allowedIn(call).allowed.defaultTag })),
  on(tags.setOrgDefaultTag, (call) => {
    const { orgId, allowed } = allowedIn(call);
    const { tag } = call.body;
    if (!allowed.tags.includes(tag)) {
      throw invalidField(['body', 'tag'], 'The default tag should be one of the allowed tags', 'unknown_tag');
    }
    keep(call, orgId, allowed.tags, tag);
    return { default_tag: tag };
  }),
  on(tags.clearOrgDefaultTag, (call) => {
    const { orgId, allowed } = allowedIn(call);
    keep(call, orgId, allowed.tags, null);
    return { default_tag: null };
  }),
];
