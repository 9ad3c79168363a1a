import type { InputValues } from '../../contract/inputs.ts';
import type { Checks } from '../operation.ts';
import { operation } from '../operation.ts';
import { isSeveral, singleOf } from '../organization.ts';
import { entryOf } from './entries.ts';
import { carryOut, RUN_INPUTS } from './one.ts';
import { SESSION_OUTPUTS, sessionReport } from './report.ts';
import { type PreparedSession, prepareSession, REQUEST_INPUTS } from './request.ts';

const INPUTS = [...REQUEST_INPUTS, ...RUN_INPUTS] as const;

async function prepare(
  inputs: Partial<InputValues<(typeof INPUTS)[number]>>,
  checks: Checks,
): Promise<PreparedSession> {
  const { download_attachments: folder, wait } = inputs;
  const reason = folder === undefined ? undefined : await checks.workspace.whyNoFolder(folder);
  if (reason !== undefined) checks.problem('download_attachments', `names ${JSON.stringify(folder)}, which ${reason}`);
  if (folder !== undefined && wait !== undefined && wait !== 'finished') {
    checks.problem('download_attachments', 'needs wait: finished, since Devin attaches files while it works');
  }
  return await prepareSession(inputs, checks);
}

/** Starts a session, and stays with it as long as `wait` says; of several organizations one in each. */
export const createSessionOperation = operation({
  name: 'create-session',
  summary: 'Starts a session, waits for it if asked, and hands its results to the next steps.',
  inputs: INPUTS,
  required: [],
  outputs: [...SESSION_OUTPUTS, 'created', 'attachments', 'sessions', 'count'],
  permissions: [
    'UseDevinSessions',
    'ViewOrgSessions (to wait, and to find the session of an earlier attempt)',
    'ManageOrgSessions (to end on cancel)',
  ],
  scope: 'organization',
  severalOrganizations: true,
  versions: ['v3'],
  prepare,
  async run(context, prepared) {
    const { log, facts, inputs } = context;
    if (isSeveral(inputs.org_id)) {
      const { createAcross } = await import('./across.ts');
      return await createAcross(context, inputs.org_id, prepared);
    }
    const about = [facts.repository, singleOf(inputs.org_id)].filter((part) => part !== undefined).join(' · ');
    log.info(`Devin session${about === '' ? '' : ` for ${about}`}`);
    const { started, story, downloaded } = await carryOut(context, await context.organization(), prepared);
    const report = sessionReport(story, started.created);
    const entry = entryOf(story.session, story.verdict.outcome, started.created, story.error);
    const files = downloaded === undefined ? {} : { attachments: JSON.stringify(downloaded) };
    return {
      ...report,
      outputs: { ...report.outputs, ...files, sessions: JSON.stringify([entry]), count: '1' },
      data: {
        ...report.data,
        ...(downloaded === undefined ? {} : { attachments: downloaded }),
        sessions: [entry],
        count: 1,
      },
    };
  },
});
