// Serves made-up audit events from memory, so that serving them costs next to nothing.
// usage: node audit-server.mjs COUNT DAYS LATENCY_MS; prints its address and the second behind its last event.
import { createServer } from 'node:http';

const [count, days, latency] = process.argv.slice(2).map(Number);
const end = 1_767_225_600;
const start = end - days * 86_400;
const ACTIONS = ['create_session', 'send_message', 'login', 'update_org_settings', 'create_secret', 'add_member'];
const times = Array.from({ length: count }, (_, at) => start + Math.floor((at * days * 86_400) / count));

const event = (at) =>
  `{"audit_log_id":"audit-log-${at.toString(16).padStart(32, '0')}","action":"${ACTIONS[at % ACTIONS.length]}","created_at":${times[at]},` +
  `"data":{"source_ip":"192.0.2.${at % 255}","note":"caf\u00e9 \u2713 number ${at}"},"org_id":"org-${String(at % 7).padStart(32, '0')}",` +
  `"user_id":"user-${String(at % 50).padStart(32, '0')}","user_email":"user-${at % 50}@example.com","service_user_id":null,"service_user_name":null}`;

function firstFrom(time) {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] >= time) high = middle;
    else low = middle + 1;
  }
  return low;
}

function page(query) {
  const number = (name, absent) => Number(query.get(name) ?? absent);
  const from = Math.max(firstFrom(number('time_after', 0)), number('after', 0));
  const behind = firstFrom(number('time_before', end) + 1);
  const to = Math.min(behind, from + number('first', 100));
  const items = [];
  for (let at = from; at < to; at += 1) items.push(event(at));
  const more = to < behind;
  return `{"items":[${items.join(',')}],"end_cursor":${more ? `"${to}"` : null},"has_next_page":${more}}`;
}

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url, 'http://127.0.0.1');
  response.setHeader('content-type', 'application/json');
  const answer = () => response.end(page(searchParams));
  if (latency > 0) setTimeout(answer, latency);
  else answer();
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port} ${start} ${end}`));
