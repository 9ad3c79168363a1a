import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './e2e/fake-runner.ts';

/** Phrases that a native reader stumbles over, in texts that users see. */
const PHRASES = [
  'hands what came of it',
  'what came of it',
  'What Devin is to do',
  'How long to stay',
  'What it means that Devin waits',
  'entries go',
  'asks to slow down',
  'The time of the step is over',
  'A gate kept',
  'A fault in this action',
  'may go on',
  'did not take the',
  'only a change would tell',
  'nobody knows whether',
  'is no mapping',
  'all the same',
  'goes on',
  'go on for',
  'so many',
  'somebody',
  'everybody',
  'half-way',
  'also where',
  'who asks',
  'goes away',
  'is let in',
  'are let in',
  'stands alone',
  'in the place of',
  'what stands',
  'should the ',
  'answer of',
  'what is to be',
  'has to say',
  'ended or asks',
  'ends or asks',
  'response that tells',
  'applies what is left',
  'duration back from',
  'come to its end',
  'pages say',
  'no address that',
  'nothing but that',
  'is all that it may',
  'is no collaborator',
  'is no operation of',
  'is no path of',
  'no regular file',
  'no known form',
  'is there twice',
  'GitHub answered',
  'written anew',
  'lets through',
  'held back',
  'was to remain',
  'that no calendar',
  'belongs into',
  'keeps you from',
  'so that it ends',
  'behind a file',
  'not yours to end',
  'puts them in a row',
  'good for one',
  'enterprise role away',
  'how far indexing',
  'is told which',
  'what became of',
  'is not believed',
  'nothing is requested anew',
  'told apart',
  'of nothing but',
  'near miss',
  'for those who debug',
  'belongs to no ',
  'taken for one of',
  'seen as finished',
  'right behind it',
  'which hold ',
  'a text, ',
  'could end what it',
  'the step tells',
] as const;

const isComment = (line: string) => /^\s*(?:\/\/|\*|\/\*)/.test(line);

const FILES = globSync(
  ['*.md', 'action.yml', '.github/**/*.{md,yml}', 'docs/**/*.md', 'examples/**/*.{md,yml}', 'schemas/*', 'src/**/*.ts'],
  { cwd: ROOT },
);

test('no text that users see has one of the phrases that were hard to read', () => {
  const found = FILES.flatMap((file) => {
    const lines = readFileSync(join(ROOT, file), 'utf8').split('\n');
    // The threat model names tests by their names.
    const shown = lines.map((line) => (file.endsWith('.ts') && isComment(line) ? '' : line.replace(/`test\/.*/, '')));
    return PHRASES.flatMap((phrase) =>
      shown.flatMap((line, at) =>
        line.toLowerCase().includes(phrase.toLowerCase()) ? [`${file}:${at + 1} ${phrase}`] : [],
      ),
    );
  });
  expect(found).toEqual([]);
});
