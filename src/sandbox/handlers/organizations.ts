import { getOrganization, listOrganizations } from '../../devin/endpoints/organizations.ts';
import type { Handler } from '../handler.ts';
import type { World } from '../state.ts';
import { lists, shows } from './rows.ts';

const table = (world: World) => world.state.organizations;

/** The organizations of the enterprise. */
export const organizationHandlers: readonly Handler[] = [
  lists(listOrganizations, { table }),
  shows(getOrganization, { table, key: 'org_id', what: 'Organization' }),
];
