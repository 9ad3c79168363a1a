import { ActionError } from '../contract/errors.ts';
import type { Organizations } from '../contract/kinds.ts';
import type { Devin } from '../devin/client.ts';
import { selfOf } from './self.ts';

async function ownOrganization(devin: Devin, several: boolean): Promise<string> {
  const self = await selfOf(devin);
  if (self.org_id) return self.org_id;
  const who = self.service_user_name ?? self.user_name ?? self.principal_type ?? 'unknown';
  throw new ActionError(
    'input_invalid',
    `org_id is empty, and the credential (${who}) does not belong to a single organization.`,
    {
      fix: `Set \`org_id\` to the organization that the step is for; the operation \`list-organizations\` shows the IDs.${several ? ' `org_id: "*"` is every organization that the credential can see.' : ''}`,
    },
  );
}

/**
 * Finds the organization of the step when it is first needed: the input, or else the credential's own.
 *
 * @param several whether the operation takes several, which the advice then names
 */
export function organizationOf(devin: Devin, given: string | undefined, several: boolean): () => Promise<string> {
  let found: Promise<string> | undefined;
  return () => {
    found ??= given === undefined ? ownOrganization(devin, several) : Promise.resolve(given);
    return found;
  };
}

/** True where a step is for several organizations, or for as many as there are. */
export const isSeveral = (given: Organizations | undefined): given is Organizations =>
  given === '*' || (given !== undefined && given.length > 1);

/** The one organization that a step names; undefined where it names none, or several. */
export const singleOf = (given: Organizations | undefined): string | undefined =>
  given === undefined || given === '*' || given.length > 1 ? undefined : given[0];
