import { asActionError } from '../../../contract/errors.ts';
import { getSession, listSessions } from '../../../devin/endpoints/sessions.ts';
import { LARGEST_PAGE } from '../../../devin/pagination.ts';
import type { Context } from '../../operation.ts';
import type { Session } from '../outcome/outcome.ts';
import type { OwnPullRequest } from '../request/pull-request.ts';

/** A session may work so long before it opens its pull request, in seconds. */
const BEFORE = 31 * 86_400;

const plain = (url: string) => url.toLowerCase().replace(/\/+$/, '');

/**
 * The session that opened a pull request, no matter who started it: its own list of pull requests, freshly read, says so. The
 * links in the description are tried first, and nothing else is believed of them.
 */
export async function openerOf(
  { devin }: Pick<Context, 'devin'>,
  orgId: string,
  { url, hints, openedAt }: OwnPullRequest,
): Promise<Session | undefined> {
  const has = ({ pull_requests: own }: Session) => own.some(({ pr_url: one }) => plain(one) === plain(url));
  const read = async (id: string): Promise<Session | undefined> => {
    try {
      const session = await devin.call(getSession, { params: { org_id: orgId, devin_id: id } });
      return has(session) ? session : undefined;
    } catch (thrown) {
      const { status = 0 } = asActionError(thrown);
      if (![403, 404, 410, 422].includes(status)) throw thrown;
      return undefined;
    }
  };
  for (const id of hints) {
    const session = await read(id);
    if (session !== undefined) return session;
  }
  const query = { first: LARGEST_PAGE, ...(openedAt === undefined ? {} : { created_after: openedAt - BEFORE }) };
  for await (const listed of devin.items(listSessions, { params: { org_id: orgId }, query })) {
    const session = has(listed) ? await read(listed.session_id) : undefined;
    if (session !== undefined) return session;
  }
  return undefined;
}
