import { asActionError } from '../../contract/errors.ts';
import { getSession, sessionFromId } from '../../devin/endpoints/sessions.ts';
import { count } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import { operation, ready } from '../operation.ts';
import { failedLook } from './once/lookup.ts';
import { hasGot, sendOnce, sentTo } from './once/message.ts';
import { uploaded } from './once/start.ts';
import type { Session } from './outcome/outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './outcome/outputs.ts';
import { prepareUploads, promptFacts, textOrFile } from './request/request.ts';
import { stepTag } from './request/tags.ts';
import type { Upload } from './request/uploads.ts';
import type { Sent } from './wait/messages.ts';
import { WAIT_INPUTS, waitForSession } from './wait/wait.ts';

/** The pauses after which a session that is not known yet is requested again, in milliseconds. */
const UNKNOWN_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

type SendContext = Context<'session_id' | 'attachment_urls', 'session_id'>;

/** A message that was found right. */
interface Prepared {
  readonly text: string;
  readonly uploads: readonly Upload[];
}

/** The tag of a message: the same for every attempt of this step in this workflow run. */
async function referenceOf({ facts, startedAt, clock, inputs }: SendContext, orgId: string, text: string) {
  const { repository, workflow, runId, job, step } = facts;
  // Outside of a workflow there is no run to come back to.
  const run = runId === undefined ? [startedAt, clock.random()] : [repository, workflow, runId, job, step];
  return await stepTag(['message', orgId, run, inputs.session_id, text]);
}

/** The session as it is before the message. Without the permission to read it, only its id is known. */
async function sessionOf({ devin, clock, signal, inputs }: SendContext, orgId: string): Promise<Session> {
  const params = { org_id: orgId, devin_id: inputs.session_id };
  let refusals = 0;
  for (const pause of [...UNKNOWN_PAUSES_MS, undefined]) {
    try {
      return await devin.call(getSession, { params });
    } catch (thrown) {
      const { code, status } = asActionError(thrown);
      // One refusal may be a mistake; more of them mean that the key may not read the session.
      if (code === 'permission_denied' && refusals++ > 0) break;
      if ((status !== 404 && status !== 403) || pause === undefined) throw thrown;
      await clock.sleep(pause, signal);
    }
  }
  return sessionFromId(inputs.session_id);
}

/** Whether an earlier attempt has sent the message. It must not fail in silence: the message would be sent twice. */
async function isSent(context: SendContext, orgId: string, sessionId: string, sent: Sent): Promise<boolean> {
  if ((context.facts.attempt ?? 1) <= 1) return false;
  try {
    return await hasGot(context, orgId, sessionId, sent);
  } catch (thrown) {
    const { fix } = asActionError(thrown);
    throw failedLook(
      thrown,
      'No message was sent, because the step cannot check whether the session already has it',
      fix,
    );
  }
}

/** Sends the message, unless an earlier attempt did. */
async function deliver(context: SendContext, orgId: string, { text, uploads }: Prepared) {
  const { log, inputs } = context;
  const before = await sessionOf(context, orgId);
  const message = {
    text,
    asUserId: undefined,
    urls: async () => [...(inputs.attachment_urls ?? []), ...(await uploaded(context, orgId, uploads))],
    reference: await referenceOf(context, orgId, text),
  };
  const earlier = { mark: message.reference, since: 0 };
  if (await isSent(context, orgId, before.session_id, earlier)) {
    log.info(`An earlier attempt already sent this message to ${before.url}`);
    return { session: before, sent: earlier };
  }
  const { before: known, ...mark } = sentTo(before, message);
  // Of a session that could not be read, nothing is known from before the message.
  const sent = before.status === 'unknown' ? mark : { ...mark, before: known };
  const response = await sendOnce(context, orgId, before, message, sent);
  if (!response.ok) throw response.problem;
  const { session } = response;
  const { bytes } = await promptFacts(text, context.redact);
  log.info(`Message (${count(bytes, 'byte')}) sent to ${session.url}`);
  return { session, sent };
}

/** Sends a message to a session; one that sleeps wakes by it. */
export const sendMessageOperation = operation({
  name: 'send-message',
  summary: 'Sends a message to a session, waking it if it sleeps, and waits for the reply if requested.',
  inputs: ['session_id', 'message', 'prompt', 'prompt_file', 'attachments', 'attachment_urls', ...WAIT_INPUTS],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: [
    { all: ['ManageOrgSessions'] },
    { all: ['ViewOrgSessions'], for: ['wait', 'once'] },
    { all: ['UseDevinSessions'], for: ['attachments'] },
  ],
  versions: ['v3'],
  async prepare({ message, prompt, prompt_file: file, attachments, wait }, checks) {
    if (wait === 'later') checks.problem('wait', 'is later, which only create-session supports; use finished');
    if (message !== undefined && prompt !== undefined) {
      checks.problem('prompt', 'is set together with message; set only one of them');
    }
    const said = message ?? prompt;
    if (said === undefined && file === undefined) {
      checks.problem('message', 'is missing; set message, prompt, or prompt_file');
    }
    const text = await textOrFile([message === undefined ? 'prompt' : 'message', 'prompt_file'], [said, file], checks);
    const uploads = await prepareUploads(attachments, checks);
    return ready<Prepared>({ text: (text ?? '').toWellFormed(), uploads });
  },
  async run(context, prepared) {
    const orgId = await context.organization();
    const { session, sent } = await deliver(context, orgId, prepared);
    const story = await waitForSession(context, {
      goal: context.inputs.wait === 'later' ? 'none' : context.inputs.wait,
      orgId,
      sessionId: session.session_id,
      started: { session, created: false, sent, onTimeout: 'leave', onCancel: 'leave' },
    });
    return sessionReport(story);
  },
});
