// One POST with undici and nothing else, to compare a whole step with. usage: node bench/post.mjs URL KEY BODY
import { request } from 'undici';

const [, , url, key, body] = process.argv;
const { statusCode, body: answer } = await request(url, {
  method: 'POST',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  body,
});
const { session_id: id } = await answer.json();
if (statusCode !== 200) throw new Error(`The response has the status ${statusCode}.`);
console.log(id);
