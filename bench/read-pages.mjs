// The bare reader that the bench compares with: the same pages, fetch and JSON.parse, nothing else.
// usage: node read-pages.mjs URL; prints how many items there are.
let items = 0;
let after;
do {
  const url = new URL(process.argv[2]);
  if (after) url.searchParams.set('after', after);
  const response = await fetch(url, { headers: { authorization: 'Bearer cog_sandbox_org' } });
  const page = JSON.parse(await response.text());
  items += page.items.length;
  after = page.has_next_page ? page.end_cursor : undefined;
} while (after);
console.log(items);
