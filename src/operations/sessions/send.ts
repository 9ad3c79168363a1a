import { sendSessionMessage } from '../../devin/endpoints/sessions.ts';
import { operation } from '../operation.ts';
import { spanMs, verdictOf } from './outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './report.ts';
import { prepareUploads, promptFacts, shortHash, textOrFile } from './request.ts';
import { uploaded } from './start.ts';
import { requestCounts } from './wait.ts';

/** Sends a message to a session; one that sleeps wakes by it. */
export const sendMessageOperation = operation({
  name: 'send-message',
  summary: 'Sends a message to a session; one that sleeps wakes by it.',
  inputs: ['session_id', 'message', 'prompt', 'prompt_file', 'attachments', 'attachment_urls'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ManageOrgSessions', 'UseDevinSessions (to upload)'],
  scope: 'organization',
  versions: ['v3'],
  async prepare({ message, prompt, prompt_file: file, attachments }, checks) {
    if (message !== undefined && prompt !== undefined) {
      checks.problem('prompt', 'is given together with message; give one of the two');
    }
    const said = message ?? prompt;
    if (said === undefined && file === undefined) {
      checks.problem('message', 'is missing; give the text in message, prompt or prompt_file');
    }
    const text = await textOrFile([message === undefined ? 'prompt' : 'message', 'prompt_file'], [said, file], checks);
    return { text: (text ?? '').toWellFormed(), uploads: await prepareUploads(attachments, checks) };
  },
  async run(context, { text, uploads }) {
    const { devin, inputs, log } = context;
    const orgId = await context.organization();
    const urls = [...(inputs.attachment_urls ?? []), ...(await uploaded(context, orgId, uploads))];
    const session = await devin.call(sendSessionMessage, {
      params: { org_id: orgId, devin_id: inputs.session_id },
      body: {
        message: text,
        ...(urls.length === 0 ? {} : { attachment_urls: urls }),
      },
    });
    const prompt = await promptFacts(text, context.redact);
    log.info(`Message (sha256 ${shortHash(prompt)}, ${prompt.bytes} bytes) sent to ${session.url}`);
    return sessionReport({
      session,
      verdict: { ...verdictOf(session), headline: 'got the message', advice: '' },
      durationMs: spanMs(session),
      lastMessage: '',
      facts: context.facts,
      requests: requestCounts(context),
    });
  },
});
