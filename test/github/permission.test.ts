import { describe, expect, it } from 'vitest';
import { writePermission } from '../../src/github/client/permission.ts';
import { failure, openBoth } from './server/support.ts';

const PERMISSION = '/repos/octo-org/octo-repo/collaborators/octocat/permission';

describe('who may write', () => {
  it.each(['admin', 'maintain', 'write', 'release manager based on write', 'keeper based on maintain'])(
    '%s may',
    async (role) => {
      const { server, github } = await openBoth();
      server.collaborator('octocat', role);
      expect(await writePermission(github, server.repository, 'octocat')).toEqual({ allowed: true });
    },
  );

  it.each([
    ['triage', 'only the role triage'],
    ['read', 'only the role read'],
    ['reviewer based on triage', 'only the role reviewer'],
    ['none', 'no role'],
  ])('%s may not', async (role, has) => {
    const { server, github } = await openBoth();
    server.collaborator('octocat', role);
    expect(await writePermission(github, server.repository, 'octocat')).toEqual({
      allowed: false,
      reason: `octocat has ${has} in octo-org/octo-repo, not write access`,
    });
  });

  it('a role may not call itself write', async () => {
    const { server, github } = await openBoth();
    server.collaborator('octocat', 'admin based on read');
    expect(await writePermission(github, server.repository, 'octocat')).toMatchObject({ allowed: false });
  });

  it('who is no collaborator may not, nor an app', async () => {
    const { server, github } = await openBoth();
    for (const login of ['octocat', 'dependabot[bot]', 'octo_acme']) {
      expect(await writePermission(github, server.repository, login)).toEqual({
        allowed: false,
        reason: `${login} is not a collaborator of octo-org/octo-repo`,
      });
    }
  });

  it.each(['', '..', '../octocat', 'a/b', 'octocat\n', '%2e%2e', '?'])(
    'a login that is none (%j) asks nothing',
    async (login) => {
      const { server, github } = await openBoth();
      expect(await writePermission(github, server.repository, login)).toMatchObject({ allowed: false });
      expect(server.requests()).toEqual([]);
    },
  );

  it.each([{ status: 500 }, { status: 403 }, { status: 401 }, { lost: 'reset' }] as const)(
    'is an error where GitHub does not say (%o), so that the gate stays closed',
    async (fault) => {
      const { server, github } = await openBoth({ maxRetries: 0 });
      server.collaborator('octocat', 'admin');
      server.fault({ path: PERMISSION, ...fault });
      expect(await failure(writePermission(github, server.repository, 'octocat'))).toBeDefined();
    },
  );
});
