// The bare reader that the bench compares an export with: the same pages by fetch and JSON.parse, several at once, thrown
// away. usage: node read-concurrently.mjs URL FROM TO CONCURRENCY; prints how many items there are.
const [url, from, to, concurrency] = process.argv.slice(2);
const parts = Number(concurrency) * 8;
const border = (part) => Number(from) + Math.floor(((Number(to) - Number(from)) * part) / parts);
let next = 0;
let items = 0;

async function work() {
  while (next < parts) {
    const part = next;
    next += 1;
    let after;
    do {
      const page = new URL(url);
      page.searchParams.set('order', 'asc');
      page.searchParams.set('first', '200');
      page.searchParams.set('time_after', border(part));
      page.searchParams.set('time_before', border(part + 1) - 1);
      if (after) page.searchParams.set('after', after);
      const answer = JSON.parse(
        await (await fetch(page, { headers: { authorization: 'Bearer cog_sandbox_enterprise' } })).text(),
      );
      items += answer.items.length;
      after = answer.has_next_page ? answer.end_cursor : undefined;
    } while (after);
  }
}
await Promise.all(Array.from({ length: Number(concurrency) }, work));
console.log(items);
