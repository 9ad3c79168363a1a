import type * as z from 'zod/mini';
import type { SessionAnalysis } from '../../devin/endpoints/session-insights.ts';
import { repositoryOf, type SessionRecord, summaryOf } from '../world/sessions.ts';
import type { World } from '../world/state.ts';
import type { Row } from '../world/table.ts';
import { categoryOf } from './session-facts.ts';
import { messagesOf, standing } from './session-view.ts';

/** What a look back at a session found, as the API shows it. */
export type Analysis = z.input<ReturnType<typeof SessionAnalysis>>;

interface Finding {
  readonly label: string;
  readonly issue: string;
  readonly impact: string;
  readonly action: string;
  readonly type: string;
}

function findingsOf(world: World, { value }: Row<SessionRecord>): Finding[] {
  const { status, detail } = standing(world, value);
  const where = repositoryOf(value.request);
  if (status === 'error') {
    return [
      {
        label: 'machine_setup',
        issue: 'The machine stopped in the middle of the work.',
        impact: 'The task was not finished.',
        action: `Check the setup of the machine for ${where}.`,
        type: 'machine_setup',
      },
    ];
  }
  if (detail === 'waiting_for_user' || detail === 'waiting_for_approval') {
    return [
      {
        label: 'unclear_task',
        issue: 'The task left a question open that only its author can answer.',
        impact: 'The session waits instead of working.',
        action: 'Say in the prompt which way to take when there are several.',
        type: 'prompt_improvement',
      },
    ];
  }
  if (status === 'suspended') {
    return [
      {
        label: 'suspended',
        issue: `The session was put to sleep: ${detail ?? 'unknown reason'}.`,
        impact: 'The work rests until a person sends a message.',
        action: 'Check the limits of the organization.',
        type: 'other',
      },
    ];
  }
  return [];
}

function suggestionFor(record: SessionRecord, issueId: string | null): NonNullable<Analysis['suggested_prompt']> {
  const { prompt } = record.request;
  return {
    original_prompt: prompt,
    suggested_prompt: `${prompt.trim()}\n\nWork in ${repositoryOf(record.request)}. Run its tests before you finish.`,
    feedback_items: [
      {
        summary: 'Say how to tell that the work is done',
        details: 'A prompt with a check at its end needs fewer questions.',
        excerpt: summaryOf(prompt),
        issue_id: issueId,
      },
    ],
  };
}

/** A look back at a session as it stands. */
export function analysisOf(world: World, row: Row<SessionRecord>): Analysis {
  const findings = findingsOf(world, row).map((finding, i) => ({ ...finding, id: `issue-${i + 1}` }));
  const issueId = findings[0]?.id ?? null;
  const messages = messagesOf(world, row).map(({ view }) => view);
  return {
    action_items: findings.map(({ action, type, id }) => ({ action_item: action, type, issue_id: id })),
    classification: {
      category: categoryOf(row.value.request),
      confidence: (70 + world.seeded.below(29, 'confidence', row.n)) / 100,
      programming_languages: ['TypeScript'],
      tools_and_frameworks: ['git'],
    },
    issues: findings.map(({ id, issue, impact, label }) => ({ id, issue, impact, label })),
    note_usage: { good_usages: [], bad_usages: [] },
    suggested_prompt: suggestionFor(row.value, issueId),
    timeline: messages.map(({ source, message }, i) => ({
      title: source === 'user' ? 'Message from the user' : 'Progress',
      description: summaryOf(message),
      color: source === 'user' ? 'blue' : 'green',
      issue_id: i === messages.length - 1 ? issueId : null,
    })),
  };
}
