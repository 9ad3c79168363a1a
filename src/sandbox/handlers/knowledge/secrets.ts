import type { DocumentedOf } from '../../../devin/endpoint.ts';
import { createSecret, deleteSecret, listSecrets } from '../../../devin/endpoints/secrets.ts';
import { invalidField, Problem } from '../../request/problem.ts';
import { recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { lists, organizationOf, removes } from '../../world/rows.ts';
import { DAY, seededOrganization, serviceUserId } from '../../world/seed.ts';
import { shelf } from '../../world/shelf.ts';
import type { World } from '../../world/state.ts';
import { Table } from '../../world/table.ts';

type Secret = DocumentedOf<typeof listSecrets>['items'][number];

/** Which organization has it (counted from 0), its key, type and note. */
const SEEDED = [
  [0, 'NPM_TOKEN', 'key-value', 'Reads packages for CI builds'],
  [0, 'STAGING_SESSION', 'cookie', null],
  [0, 'STAGING_OTP', 'totp', 'Second factor of the staging account'],
  [1, 'WAREHOUSE_URL', 'key-value', null],
] as const;

/** Values are not even kept: no answer may hold one. */
const table = shelf((world) => {
  const secrets = new Table<Secret>();
  const created_by = serviceUserId(world.seeded, 'cog_sandbox_enterprise');
  for (const [index, key, secret_type, note] of SEEDED) {
    const organization = seededOrganization(world, index);
    if (!organization) continue;
    const created_at = organization.created_at + DAY;
    add(world, secrets, organization.org_id, { key, secret_type, note, is_sensitive: true, created_by, created_at });
  }
  return secrets;
});

type Given = Pick<Secret, 'key' | 'secret_type' | 'note' | 'is_sensitive' | 'created_by' | 'created_at'>;

function add({ seeded }: World, secrets: Table<Secret>, orgId: string, given: Given): Secret {
  const secret_id = `secret-${seeded.hex('secret', secrets.next)}`;
  return secrets.add(secret_id, orgId, { secret_id, ...given, access_type: 'org', updated_at: null, updated_by: null })
    .value;
}

/** Secrets of an organization. */
export const secretHandlers: readonly Handler[] = [
  lists(listSecrets, { table, of: 'org_id' }),
  on(createSecret, (call) => {
    const { world, caller, body } = call;
    const { key, type, note } = body;
    // Sessions see it as an environment variable.
    if (type === 'key-value' && !/^[A-Za-z_]\w*$/.test(key)) {
      throw invalidField(['body', 'key'], 'Input should be the name of an environment variable', 'invalid_key');
    }
    if (key === '') throw invalidField(['body', 'key'], 'Input should not be empty', 'too_small');
    const { id: orgId } = organizationOf(call);
    const secrets = table(world);
    const there = secrets.all().find((row) => row.orgId === orgId && row.value.key === key);
    if (there) throw new Problem(409, `A secret with the key "${key}" exists already: ${there.id}`);
    const secret = add(world, secrets, orgId, {
      key,
      secret_type: type,
      note: note ?? null,
      is_sensitive: body.is_sensitive ?? true,
      created_by: caller.serviceUserId,
      created_at: Math.floor(world.now / 1000),
    });
    recordChange(call, 'create_secret', orgId, { secret_id: secret.secret_id, key });
    return secret;
  }),
  removes(deleteSecret, {
    table,
    key: 'secret_id',
    of: 'org_id',
    what: 'Secret',
    action: 'delete_secret',
    data: ({ key }) => ({ key }),
  }),
];
