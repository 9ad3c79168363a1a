// What the bundle leaves out of its packages. A step loads whatever its packages import at their top, used or not: an
// HTTP/2 client with node:http2 and node:tls, an experimental parser, a client of OpenID Connect, a thousand methods of
// GitHub's API. ncc takes each package whole, so the build gives it copies in which these files say that they are absent.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A file of a package, what stands there in the bundle, and why. */
const LEFT_OUT = [
  {
    file: 'undici/lib/dispatcher/parser-h1.js',
    // An experiment, off by default, which undici's own build for Node leaves out as well.
    code: 'module.exports = { getMiloEnabled: () => false };',
  },
  {
    file: 'undici/lib/dispatcher/client-h2.js',
    // connect.ts allows HTTP/1.1 only.
    code: 'module.exports = () => { throw new Error("HTTP/2 is not in this bundle"); };',
  },
  {
    file: 'undici/lib/llhttp/llhttp-wasm.js',
    // For processors without vector instructions (riscv64 and an old ppc64), for which there is no runner.
    code: 'throw new Error("This processor has no vector instructions, which this bundle needs");',
  },
  // For bodies that are forms of fetch; src/http sends text and bytes.
  ...['undici/lib/web/fetch/body.js', 'undici/lib/web/fetch/formdata.js', 'undici/lib/web/webidl/index.js'].map(
    (file) => ({ file, code: 'module.exports = {};' }),
  ),
  {
    file: 'undici/index.js',
    // src/http imports what it needs; only packages whose requests go through src/http import the index.
    code: 'module.exports = {};',
  },
  {
    file: '@actions/core/lib/oidc-utils.js',
    // No operation asks the runner for an OpenID Connect token.
    code: 'export class OidcClient {}',
  },
  {
    file: '@actions/github/node_modules/@actions/http-client/lib/index.js',
    // src/github passes octokit a fetch of its own, so the agents that this client makes would never be used.
    code: 'export class HttpClient { getAgent() {} getAgentDispatcher() {} }',
  },
  {
    file: '@octokit/plugin-rest-endpoint-methods/dist-src/index.js',
    // src/github sends by method and path.
    code: 'export const restEndpointMethods = () => ({});',
  },
];

/** The folders of the packages that are not for development alone, from the root of the project. */
export function packageFolders(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries<{ dev?: boolean }>(packages)
    .filter(([path, entry]) => path !== '' && entry.dev !== true)
    .map(([path]) => path);
}

/** Copies the packages to where ncc looks first, without what the bundle leaves out. */
export function copyPackages(root: string, build: string): void {
  for (const folder of packageFolders(root)) cpSync(join(root, folder), join(build, folder), { recursive: true });
  for (const { file, code } of LEFT_OUT) {
    const path = join(build, 'node_modules', file);
    if (!existsSync(path)) throw new Error(`${file} is not where it was: see what replaced it, and change this list.`);
    writeFileSync(path, `${code}\n`);
  }
}
