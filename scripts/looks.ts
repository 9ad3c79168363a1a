// Makes pictures of what users see: the summaries and comments of a fixed set of steps on the sandbox, as GitHub renders
// them, in light and dark mode, and as wide as a phone. Look at each for ten seconds: what happened, and what is to do?
// usage: npm run looks [-- --only NAME,NAME] [--all FOLDER]
// Only those pictures that docs/images has already are written there; --all writes every one to a folder, in all forms.
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { marked } from 'marked';
import { type Browser, chromium } from 'playwright-core';
import { type Look, looks } from './looks-steps.ts';

const root = join(import.meta.dirname, '..');
const require = createRequire(import.meta.url);
const IMAGES = join(root, 'docs', 'images');
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const WIDE = 900;
const PHONE = 390;
const MAX_HEIGHT = 800;
const MAX_BYTES = 140_000;

const styleOf = (mode: 'light' | 'dark') =>
  readFileSync(require.resolve(`github-markdown-css/github-markdown-${mode}.css`), 'utf8');
const MERMAID = readFileSync(require.resolve('mermaid/dist/mermaid.min.js'), 'utf8');

/** A page that shows Markdown as GitHub does; GitHub draws charts itself. */
function pageOf(markdown: string, mode: 'light' | 'dark'): string {
  const body = marked
    .parse(markdown, { async: false, gfm: true })
    .replace(/<pre><code class="language-mermaid">([\s\S]*?)<\/code><\/pre>/g, '<pre class="mermaid">$1</pre>');
  const background = mode === 'dark' ? '#0d1117' : '#ffffff';
  const charts = body.includes('class="mermaid"')
    ? `<script>${MERMAID}</script><script>mermaid.initialize({ startOnLoad: true, theme: '${mode === 'dark' ? 'dark' : 'default'}' })</script>`
    : '';
  return `<!doctype html><meta charset="utf-8"><style>${styleOf(mode)} body { margin: 0; background: ${background} } .markdown-body { padding: 16px 20px }</style><div class="markdown-body">${body}</div>${charts}`;
}

/** Draws one page into a file. A chart that the mermaid package rejects fails the run. */
async function draw(browser: Browser, html: string, width: number, file: string, { scale = 1.5, most = 10_000 } = {}) {
  const page = await browser.newPage({ viewport: { width, height: 100 }, deviceScaleFactor: scale });
  await page.setContent(html);
  if (html.includes('class="mermaid"')) await page.waitForSelector('.mermaid svg');
  if ((await page.getByText('Syntax error in text').count()) > 0) throw new Error(`${file}: a chart is not valid`);
  const all = Math.ceil((await page.locator('.markdown-body').boundingBox())?.height ?? 0);
  const ends = await page
    .locator('tr, .markdown-body > *')
    .evaluateAll((parts) => parts.map((part) => part.getBoundingClientRect().bottom));
  // A long page ends below a row or a paragraph, not within one.
  const height = all <= most ? all : Math.ceil(Math.max(...ends.filter((end) => end <= most))) + 1;
  await page.screenshot({ path: file, fullPage: true, clip: { x: 0, y: 0, width, height } });
  await page.close();
}

/** A picture of the documentation: only the upper part of a long page, and not larger than a page can bear. */
async function drawSmall(browser: Browser, html: string, file: string): Promise<void> {
  for (const scale of [1.5, 1]) {
    await draw(browser, html, WIDE, file, { scale, most: MAX_HEIGHT });
    if (statSync(file).size < MAX_BYTES) return;
  }
}

async function drawAll(browser: Browser, { name, markdown }: Look, all: string | undefined): Promise<void> {
  for (const mode of ['light', 'dark'] as const) {
    const html = pageOf(markdown, mode);
    const end = mode === 'light' ? '' : '-dark';
    const image = join(IMAGES, `${name}${end}.png`);
    if (existsSync(image)) await drawSmall(browser, html, image);
    if (all === undefined) continue;
    await draw(browser, html, WIDE, join(all, `${name}${end}.png`));
    await draw(browser, html, PHONE, join(all, `${name}${end}-phone.png`));
  }
}

const { values } = parseArgs({ options: { all: { type: 'string' }, only: { type: 'string' } } });
const only = values.only?.split(',');
if (CHROMIUM === undefined) {
  console.log('There is no chromium on this machine, so no picture was made.');
} else {
  mkdirSync(IMAGES, { recursive: true });
  if (values.all !== undefined) mkdirSync(values.all, { recursive: true });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  try {
    for (const look of await looks(only)) {
      await drawAll(browser, look, values.all);
      if (values.all !== undefined)
        writeFileSync(join(values.all, `${look.name}.md`), `${look.log}\n---\n${look.markdown}`);
      console.log(look.name);
    }
  } finally {
    await browser.close();
  }
}
