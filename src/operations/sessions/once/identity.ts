import { ActionError, asActionError } from '../../../contract/errors.ts';
import type { Devin } from '../../../devin/client.ts';
import type { Context } from '../../operation.ts';
import { selfOf } from '../../self.ts';
import type { Session } from '../outcome/outcome.ts';

/** Whether a session that was found by a tag is one of the step's own identity, and no child of another session. */
export type IsOwn = (session: Session) => boolean;

/** For what sessions are looked up: the key of this run, which no one else has by accident, or anything that is shared. */
export type Purpose = 'run' | 'shared';

interface Who {
  readonly serviceUserId: string | undefined;
  readonly userId: string | undefined;
}

/** What is known of a credential: who it is, or why that is unknown. */
type Known = { readonly who: Who } | { readonly rejected: ActionError | undefined };

const learned = new WeakMap<Devin, Who>();
const warned = new WeakSet<Devin>();

/** Statuses that say nothing about the permission to request the identity. */
const TRANSIENT = new Set([408, 425, 429]);

const isRejection = ({ status = 0 }: ActionError) => status >= 400 && status < 500 && !TRANSIENT.has(status);

/** Remembers whose a session is that the step has created: then nothing needs to be requested. */
export function learnIdentity(devin: Devin, { service_user_id: serviceUserId }: Session): void {
  if (serviceUserId) learned.set(devin, { serviceUserId, userId: undefined });
}

async function knownOf(devin: Devin): Promise<Known> {
  const who = learned.get(devin);
  if (who !== undefined) return { who };
  try {
    const { service_user_id: serviceUserId, user_id: userId } = await selfOf(devin);
    if (serviceUserId || userId)
      return { who: { serviceUserId: serviceUserId || undefined, userId: userId || undefined } };
    return { rejected: undefined };
  } catch (thrown) {
    const error = asActionError(thrown);
    if (!isRejection(error)) throw error;
    return { rejected: error };
  }
}

const isTop = ({ parent_session_id: parent }: Session) => !parent;

/** IDs of users have a prefix in some places, and none in others. */
const bare = (id: string) => id.replace(/^(?:service-)?user-/, '');
const isSame = (one: string | null | undefined, other: string) => bare(one ?? '') === bare(other);

const isOfUser = ({ user_id: user }: Session, asUserId: string) => isSame(user, asUserId);

function isOf({ serviceUserId, userId }: Who, session: Session): boolean {
  if (serviceUserId !== undefined) return isSame(session.service_user_id, serviceUserId);
  return userId !== undefined && !session.service_user_id && isOfUser(session, userId);
}

/** A session whose owner the response does not name, started through the API. */
const isAnonymous = ({ service_user_id: service, user_id: user, origin }: Session) =>
  !service && !user && (origin ?? 'api') === 'api';

const UNKNOWN = 'The API did not return the identity of the credential (GET /v3/self)';
const TAG_ONLY =
  'Sessions of this workflow run are recognized by their tag and their origin (`api`) alone. Give the credential ReadAccountMeta.';

/**
 * Which sessions are the step's own: those of its service user, or of `create_as_user_id`. The identity is requested
 * once. If that request is rejected, a tag with the origin `api` is enough for the key of a run; anything that others
 * share throws `permission_denied`.
 */
export async function ownSessions(
  { devin, log }: Pick<Context, 'devin' | 'log'>,
  purpose: Purpose,
  asUserId?: string | undefined,
): Promise<IsOwn> {
  if (asUserId !== undefined) return (session) => isTop(session) && isOfUser(session, asUserId);
  const known = await knownOf(devin);
  if ('who' in known) {
    const { who } = known;
    return (session) => isTop(session) && (isOf(who, session) || (purpose === 'run' && isAnonymous(session)));
  }
  const { rejected } = known;
  const why = `${UNKNOWN}${rejected === undefined ? '.' : `: ${rejected.message}`}`;
  if (purpose === 'shared') {
    throw new ActionError(
      'permission_denied',
      `${why} Without it, another user's session could be mistaken for this step's.`,
      {
        title: 'The identity of the credential is unknown',
        fix: 'Give the role of the credential ReadAccountMeta: Settings → Service users → Role.',
        ...(rejected === undefined ? {} : { cause: rejected }),
      },
    );
  }
  if (!warned.has(devin)) log.annotate('warning', 'The identity of the credential is unknown', `${why} ${TAG_ONLY}`);
  warned.add(devin);
  return (session) => isTop(session) && session.origin === 'api';
}
