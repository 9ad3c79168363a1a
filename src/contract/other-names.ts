/** What this action has for an input of a similar action, as the end of "Use …". Names as in their workflows, in lower case. */
const EQUIVALENTS: Readonly<Record<string, string>> = {
  // aaronsteers/devin-action
  'prompt-text': '`prompt`',
  'playbook-macro': '`prompt`: write the macro (`!name`) into it, or set `playbook_id`',
  'reuse-session': '`operation: send-message` with `session_id` and `message`',
  'comment-id': '`context: event`, which adds the comment of the event; for another one, set `issue_number` to its URL',
  'issue-number':
    '`context: event`, which adds the issue or pull request of the event; for another one, set `issue_number`',
  'start-message': '`comment: true`, which keeps one comment up to date',
  'wait-for-stopped-status': '`wait: finished`',
  'wait-minutes-max': '`timeout`, for example `timeout: 20m`',
  'advanced-mode': '`extra_body: "advanced_mode: …"`',
  // knanao/devin-action
  'devin-api-key': '`devin_token`',
  'devin-org-id': '`org_id`',
  'prompt-prefix': '`trigger_phrase`',
  'additional-instructions': '`prompt`',
  'session-reuse': '`reuse: thread`',
  // the fields of the legacy API v1, and what scripts call them
  api_key: '`devin_token`',
  idempotent: '`idempotency`',
  session_link: '`session_links`',
  session_url: '`session_id`, which also accepts a URL',
  playbook: '`playbook_id`',
  schema: '`structured_output_schema`',
};

/** The equivalent of an input of a similar action; undefined if there is none. Hyphens and underscores are the same. */
export function equivalentOf(name: string): string | undefined {
  const written = (text: string) => text.toLowerCase().replaceAll('_', '-');
  return Object.entries(EQUIVALENTS).find(([known]) => written(known) === written(name))?.[1];
}
