import { ActionError } from '../../../contract/errors.ts';
import type { Context } from '../../operation.ts';
import type { Admitted } from './trigger.ts';

const closed = (message: string, fix: string) => new ActionError('gate_closed', message, { fix });

const NO_TOKEN = 'Pass `github_token: ${{ github.token }}`.';
const NO_WRITE = 'A person with write access to the repository can ask instead. Nothing was sent to Devin.';

/**
 * Lets only those start a session who may write to the repository. Throws `gate_closed` for the others, and whatever
 * went wrong where nobody can tell.
 */
export async function admit(
  context: Pick<Context, 'github' | 'facts' | 'log'>,
  { event, permissionOf, permissionIfToken }: Admitted,
): Promise<void> {
  if (permissionOf.length + permissionIfToken.length === 0) return;
  const github = await context.github();
  const repository = event.repository ?? context.facts.repository;
  if (github === undefined || repository === undefined) {
    const [login] = permissionOf;
    if (login === undefined) return;
    throw closed(
      `whether @${login} has write access to the repository cannot be checked without github_token`,
      NO_TOKEN,
    );
  }
  const { writePermission } = await import('../../../github/client/permission.ts');
  for (const login of new Set([...permissionOf, ...permissionIfToken])) {
    const permission = await writePermission(github, repository, login);
    if (!permission.allowed) throw closed(permission.reason, NO_WRITE);
  }
}
