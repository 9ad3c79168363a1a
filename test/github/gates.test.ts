import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isByWriters } from '../../src/github/event/facts.ts';
import { type GateSettings, offlineGate } from '../../src/github/event/gates.ts';
import { COMMENT_MARKER } from '../../src/github/event/marker.ts';
import {
  anyPayload,
  commentPayload,
  EVENT_NAMES,
  eventOf,
  issuePayload,
  pullPayload,
  repo,
  runPayload,
  user,
} from './support.ts';

const SETTINGS: GateSettings = { associations: ['OWNER', 'MEMBER', 'COLLABORATOR'], bots: [] };
const gate = (name: string, payload: unknown, settings: Partial<GateSettings> = {}) =>
  offlineGate(eventOf(name, payload), { ...SETTINGS, ...settings });
const open = (permissionOf: string[] = [], permissionIfToken: string[] = []) => ({ permissionOf, permissionIfToken });
const FORK = { closed: 'it comes from a fork; see docs/security.md#pull-requests-from-forks' };

describe('a comment', () => {
  const phrase = { triggerPhrase: '/devin' };

  it('of a member asks for what stands behind the phrase', () => {
    expect(gate('issue_comment', commentPayload({ body: '/devin new fix' }), phrase)).toEqual({
      ...open([], ['octocat']),
      trigger: { args: 'fix', fresh: true },
    });
    expect(gate('issue_comment', commentPayload({ body: 'hello', association: 'OWNER' }))).toEqual(open());
  });

  it('without the phrase, or with a hidden one, asks for nothing', () => {
    const closed = {
      closed: expect.stringMatching(
        /^the comment does not begin a line with `\/devin` \(`trigger_phrase`\)(?:; line|$)/,
      ),
    };
    for (const body of ['hello', '', null, '> /devin x', '<!--\n/devin x\n-->', '<!--\n/devin x', 'see /devin']) {
      expect(gate('issue_comment', commentPayload({ body }), phrase)).toEqual(closed);
    }
  });

  it('of somebody who is not listed is refused by name', () => {
    const by = (association: string) =>
      gate('issue_comment', commentPayload({ body: '/devin x', author: user('mallory'), association }), phrase);
    for (const association of ['CONTRIBUTOR', 'NONE', 'FIRST_TIME_CONTRIBUTOR', 'MANNEQUIN']) {
      expect(by(association)).toEqual({
        closed: `@mallory is ${association}, which \`allowed_associations\` does not list`,
      });
    }
    for (const association of ['', 'member', '<b>', 'A\nB']) {
      expect(by(association)).toEqual({
        closed: 'the payload does not contain the association of @mallory with the repository',
      });
    }
  });

  it('of ours never starts anything, whoever is listed', () => {
    const body = `${COMMENT_MARKER}key -->\n/devin again`;
    for (const author of [user('octocat'), user('github-actions[bot]', 'Bot')]) {
      expect(gate('issue_comment', commentPayload({ body, author }), { ...phrase, bots: ['github-actions'] })).toEqual({
        closed: 'the text is a comment of this action',
      });
    }
  });

  it('that is deleted asks for nothing', () => {
    expect(gate('issue_comment', commentPayload({ action: 'deleted', body: '/devin x' }))).toEqual({
      closed: 'the comment was deleted',
    });
  });

  it('that somebody else edits needs both of them', () => {
    const edited = (association: string) =>
      gate(
        'issue_comment',
        commentPayload({ action: 'edited', author: user('author'), association, sender: user('editor') }),
      );
    expect(edited('MEMBER')).toEqual(open(['editor'], ['author']));
    expect(edited('NONE')).toHaveProperty('closed');
  });

  it('of nobody known is refused', () => {
    expect(gate('issue_comment', commentPayload({ author: { login: 'a b' } }))).toHaveProperty('closed');
    expect(gate('issue_comment', { ...commentPayload({}), sender: null })).toHaveProperty('closed');
  });
});

describe('a bot', () => {
  const payload = commentPayload({ author: user('Helper[bot]', 'Bot'), association: 'NONE' });

  it('is let in only if it is listed, in any case, with or without its suffix', () => {
    expect(gate('issue_comment', payload)).toEqual({
      closed: '@Helper[bot] is a bot, which `allowed_bots` does not list',
    });
    for (const bot of ['helper', 'Helper[bot]', 'HELPER[BOT]']) {
      expect(gate('issue_comment', payload, { bots: [bot] })).toEqual(open());
    }
    expect(gate('issue_comment', payload, { bots: ['help', '*', ''] })).toHaveProperty('closed');
  });

  it('behind a text or a run counts as well', () => {
    const labeled = issuePayload({
      action: 'labeled',
      author: user('helper[bot]', 'Bot'),
      association: 'NONE',
      sender: user('octocat'),
    });
    expect(gate('issues', labeled)).toHaveProperty('closed');
    expect(gate('issues', labeled, { bots: ['helper'] })).toEqual(open(['octocat']));
    const run = runPayload({ actor: user('octocat'), triggering_actor: user('helper[bot]', 'Bot') });
    expect(gate('workflow_run', run)).toHaveProperty('closed');
    expect(gate('workflow_run', run, { bots: ['helper'] })).toEqual(open(['octocat']));
    // Somebody gave it write access, which is to name it.
    expect(gate('push', { sender: user('helper[bot]', 'Bot') })).toEqual(open());
  });

  it('is not the person who took its name', () => {
    expect(
      gate('issue_comment', commentPayload({ author: user('helper'), association: 'NONE' }), { bots: ['helper'] }),
    ).toHaveProperty('closed');
  });
});

describe('an issue', () => {
  it('that a maintainer labels is theirs: they must be allowed to write, whoever wrote it', () => {
    const labeled = issuePayload({
      action: 'labeled',
      author: user('stranger'),
      association: 'NONE',
      sender: user('octocat'),
    });
    expect(gate('issues', labeled)).toEqual(open(['octocat']));
    expect(gate('issues', labeled, { triggerPhrase: '/devin' })).toEqual({
      closed: 'the description of the issue does not begin a line with `/devin` (`trigger_phrase`)',
    });
  });

  it('of a stranger is refused, also where somebody else edits it', () => {
    expect(gate('issues', issuePayload({ association: 'NONE' }))).toHaveProperty('closed');
    expect(
      gate('issues', issuePayload({ action: 'edited', association: 'NONE', author: user('a'), sender: user('b') })),
    ).toHaveProperty('closed');
  });
});

describe('a fork', () => {
  const other = repo('mallory/api', 2);

  it('is refused where GitHub withholds the secrets', () => {
    for (const head of [other, null, {}, repo('acme/api', 2), repo('mallory/api', 1)]) {
      for (const name of ['pull_request', 'pull_request_review', 'pull_request_review_comment']) {
        expect(gate(name, pullPayload({}, head))).toEqual(FORK);
      }
      expect(gate('workflow_run', runPayload({ actor: user('octocat') }, head))).toEqual(FORK);
    }
    const suite = { head_branch: null, pull_requests: [] };
    expect(gate('check_suite', { repository: repo(), sender: user('octocat'), check_suite: suite })).toEqual(FORK);
    expect(
      gate('check_run', { repository: repo(), sender: user('octocat'), check_run: { check_suite: suite } }),
    ).toEqual(FORK);
  });

  it('is judged by its author where GitHub hands them out', () => {
    expect(gate('pull_request_target', pullPayload({ association: 'OWNER' }, other))).toEqual(open());
    expect(gate('pull_request_target', pullPayload({ association: 'NONE' }, other))).toHaveProperty('closed');
    expect(gate('pull_request', pullPayload({ association: 'OWNER' }))).toEqual(open());
  });
});

describe('events without a text', () => {
  it('that only writers can cause are open', () => {
    for (const name of ['workflow_dispatch', 'repository_dispatch', 'push', 'schedule', 'release', 'merge_group']) {
      expect(gate(name, { sender: user('octocat') }, { triggerPhrase: '/devin' })).toEqual(open());
    }
    expect(gate('schedule', {})).toEqual(open());
  });

  it('of a run need everybody behind it looked up', () => {
    const run = runPayload({ actor: user('alice'), triggering_actor: user('bob') });
    expect(gate('workflow_run', run)).toEqual(open(['octocat', 'alice', 'bob']));
    expect(gate('workflow_run', runPayload({}))).toEqual({ closed: 'the payload does not say who caused the run' });
    expect(gate('workflow_run', runPayload({ actor: user('alice'), triggering_actor: user('x y') }))).toHaveProperty(
      'closed',
    );
  });

  it('of any other kind need the sender looked up', () => {
    expect(gate('watch', { sender: user('mallory') })).toEqual(open(['mallory']));
    expect(gate('watch', {})).toEqual({ closed: 'the payload does not say who caused the event' });
    expect(gate('issue_comment', {})).toHaveProperty('closed');
  });
});

describe('the gate', () => {
  it('never opens for a stranger, whatever the payload looks like', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES), anyPayload, (name, payload) => {
        const event = eventOf(name, payload);
        const result = offlineGate(event, SETTINGS);
        if ('closed' in result || isByWriters(name)) return;
        expect(event.sender).toBeDefined();
        const lookedUp = [...result.permissionOf, ...result.permissionIfToken];
        if (lookedUp.length === 0) expect(event.text?.association).toBe('OWNER');
      }),
      { numRuns: 2_000 },
    );
  });

  it('says why in one line, without a text from outside', () => {
    fc.assert(
      fc.property(fc.constantFrom(...EVENT_NAMES), anyPayload, (name, payload) => {
        const result = offlineGate(eventOf(name, payload), { ...SETTINGS, triggerPhrase: '/devin' });
        if ('closed' in result) expect(result.closed).toMatch(/^[\w @`/:;,.#[\]()-]+$/);
      }),
      { numRuns: 1_000 },
    );
  });
});
