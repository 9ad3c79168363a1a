import { sendSessionMessage } from '../../devin/endpoints/sessions.ts';
import { operation } from '../operation.ts';
import { verdictOf } from './outcome.ts';
import { SESSION_OUTPUTS, sessionReport } from './report.ts';
import { promptFacts, shortHash, textOrFile } from './request.ts';
import { requestCounts } from './wait.ts';

/** Sends a message to a session; one that sleeps wakes by it. */
export const sendMessageOperation = operation({
  name: 'send-message',
  summary: 'Sends a message to a session; one that sleeps wakes by it.',
  inputs: ['session_id', 'message', 'prompt', 'prompt_file', 'attachment_urls'],
  required: ['session_id'],
  outputs: SESSION_OUTPUTS,
  permissions: ['ManageOrgSessions'],
  scope: 'organization',
  versions: ['v3'],
  async prepare({ message, prompt, prompt_file: file }, checks) {
    if (message !== undefined && prompt !== undefined) {
      checks.problem('prompt', 'is given together with message; give one of the two');
    }
    const said = message ?? prompt;
    if (said === undefined && file === undefined) {
      checks.problem('message', 'is missing; give the text in message, prompt or prompt_file');
    }
    const text = await textOrFile([message === undefined ? 'prompt' : 'message', 'prompt_file'], [said, file], checks);
    return (text ?? '').toWellFormed();
  },
  async run(context, text) {
    const { devin, inputs, log } = context;
    const session = await devin.call(sendSessionMessage, {
      params: { org_id: await context.organization(), devin_id: inputs.session_id },
      body: {
        message: text,
        ...(inputs.attachment_urls === undefined ? {} : { attachment_urls: [...inputs.attachment_urls] }),
      },
    });
    const prompt = await promptFacts(text, context.redact);
    log.info(`Message (sha256 ${shortHash(prompt)}, ${prompt.bytes} bytes) sent to ${session.url}`);
    return sessionReport({
      session,
      verdict: { ...verdictOf(session), headline: 'got the message', advice: '' },
      durationMs: (session.updated_at - session.created_at) * 1_000,
      lastMessage: '',
      facts: context.facts,
      requests: requestCounts(context),
    });
  },
});
