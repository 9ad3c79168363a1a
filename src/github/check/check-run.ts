import * as z from 'zod/mini';
import { cutToUtf8 } from '../../report/untrusted.ts';
import type { Github } from '../client/client.ts';
import { place } from '../client/repository.ts';
import { closing } from '../comment/body.ts';

/** How a check ended. */
export type Conclusion = 'success' | 'failure' | 'neutral' | 'action_required' | 'cancelled';

/** What a check says. */
interface CheckText {
  /** One line of plain text. */
  readonly title: string;
  /** Markdown; what is over GitHub's limit is cut. */
  readonly summary: string;
  /** What the check is about, for programs that read it. */
  readonly externalId?: string | undefined;
}

/** Which check to keep. */
export interface CheckRunOptions {
  readonly github: Github;
  /** `owner/name`. */
  readonly repository: string;
  readonly name: string;
  /** Hash of the commit that the check is on. */
  readonly head: string;
}

/** One check run on a commit. Everything throws an `ActionError`. */
export interface CheckRun {
  /** Shows that work is in progress. */
  begin(text: CheckText): Promise<void>;
  /** Shows how it ended. */
  conclude(conclusion: Conclusion, text: CheckText): Promise<void>;
}

/** What a token needs to write a check. */
const CHECKS_WRITE = { checks: 'write' } as const;

const MAX_TITLE = 255;
/** Characters of a summary that GitHub accepts; bytes are never fewer. */
const MAX_SUMMARY = 65_535;
/** Room for what closes the parts that a cut leaves open. */
const RESERVE = 1_000;
const CUT = '\n\n_The rest was cut: it is in the job summary._\n';

const Answer = z.object({ id: z.number() });

const summaryOf = (text: string): string => {
  const { text: whole, cut } = cutToUtf8(text, MAX_SUMMARY);
  if (cut === 0) return whole;
  const kept = cutToUtf8(text, MAX_SUMMARY - CUT.length - RESERVE).text;
  const end = closing(kept);
  return (end.length > RESERVE ? kept.replaceAll(/<\/?details[^>]*>/gi, '') : kept + end) + CUT;
};

/**
 * Keeps one check run. Of several with one name on one commit, GitHub shows the newest, so a further attempt of a run has
 * one of its own. https://docs.github.com/rest/checks/runs
 */
export function checkRun({ github, repository, name, head }: CheckRunOptions): CheckRun {
  let id: number | undefined;
  const write = async (state: Readonly<Record<string, string>>, { title, summary, externalId }: CheckText) => {
    const output = { title: cutToUtf8(title, MAX_TITLE).text, summary: summaryOf(summary) };
    const about = { name, ...state, ...(externalId === undefined ? {} : { external_id: externalId }), output };
    const facts = { summary: 'Write the check', permissions: CHECKS_WRITE };
    if (id === undefined) {
      const parameters = { ...place(repository), ...about, head_sha: head };
      const created = await github.rest(
        { ...facts, route: 'POST /repos/{owner}/{repo}/check-runs', parameters },
        Answer,
      );
      id = created.id;
      return;
    }
    const route = 'PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}';
    const parameters = { ...place(repository), ...about, check_run_id: id };
    await github.rest({ ...facts, route, parameters, repeatable: true }, Answer);
  };
  return {
    begin: (text) => write({ status: 'in_progress' }, text),
    conclude: (conclusion, text) => write({ status: 'completed', conclusion }, text),
  };
}
