import { createHash } from 'node:crypto';
import { code, link, plain, prose, quote, sections } from '../../../report/markdown.ts';
import { errorPart } from '../../failure.ts';
import { readable } from './message-text.ts';
import { figures, firstLine, outputPart, quotesOf, type SessionStory } from './summary.ts';

/** The texts of Devin that the thread gets: the last message as well, which may be the whole answer to a question. */
function words(story: SessionStory): readonly string[] {
  const quotes = quotesOf(story);
  const last = readable(story.lastMessage);
  const isSaid = last === '' || quotes.some((said) => said.includes(last));
  if (isSaid || story.verdict.outcome === 'running') return quotes;
  return [...quotes.filter((said) => !last.includes(said)), last];
}

/** How people reply: in the thread if a phrase is read there, or in the session. */
function reply({ replyPhrase, facts, session }: SessionStory): string {
  const page = link('session', session.url);
  const isRead = replyPhrase !== undefined && facts.thread !== undefined;
  return isRead ? `Reply here with ${code(`${replyPhrase} …`)}, or in the ${page}.` : `Reply in the ${page}.`;
}

/** What to do about a session that is no longer waited for. */
function advice(story: SessionStory): string {
  const { verdict, error, isVerdict = false, underway = false, ending } = story;
  const page = link('session', story.session.url);
  // The error tells what the steps of a workflow can do about it, which is nothing for the people in the thread.
  if (verdict.outcome === 'timed_out') return `${plain(ending ?? '')} Open the ${page} to see its state.`.trim();
  if (error !== undefined && !isVerdict) return [errorPart(error), plain(ending ?? '')].join('\n\n').trim();
  // The question is a comment of its own, which is the one to reply to.
  if (verdict.outcome === 'waiting') return 'The question is in a separate comment.';
  if (verdict.outcome === 'running' && story.isFollowed === true)
    return 'A run of `collect-sessions` changes this comment when Devin has finished or has a question.';
  if (verdict.outcome === 'running')
    return underway
      ? 'This comment changes when Devin has finished or has a question.'
      : `This run does not wait for Devin, so this comment does not change. Follow the ${page}.`;
  return prose(isVerdict && error ? error.fix : verdict.advice);
}

/** The comment stands in the thread, so that it does not name it. */
function withoutThread(story: SessionStory): SessionStory {
  const { thread: _, ...facts } = story.facts;
  return { ...story, facts };
}

/** The comment of one session: for the people in the thread, without IDs, tags, and figures of the run. */
export function sessionComment(story: SessionStory): string {
  const { verdict, replyPhrase } = story;
  const canReply = replyPhrase !== undefined && story.facts.thread !== undefined && verdict.outcome === 'finished';
  const more = canReply ? [`reply with ${code(`${replyPhrase} …`)}`] : [];
  const facts = [figures(withoutThread(story)), ...more].filter((part) => part !== '').join(' · ');
  return sections(
    firstLine(story),
    verdict.outcome === 'waiting' ? '' : words(story).map(quote).join('\n>\n'),
    advice(story),
    outputPart(story),
    facts === '' ? '' : `<sub>${facts}</sub>`,
  );
}

/** A question of Devin as a comment that notifies people; undefined if Devin asks nothing. */
export function questionOf(story: SessionStory): { readonly key: string; readonly markdown: string } | undefined {
  const { verdict, session } = story;
  if (verdict.outcome !== 'waiting') return undefined;
  const said = quotesOf(story);
  const hash = createHash('sha256').update(said.join('\n')).digest('hex');
  return {
    key: `${session.session_id} ${hash}`,
    markdown: sections(firstLine(story), said.map(quote).join('\n>\n') || prose(verdict.advice), reply(story)),
  };
}
