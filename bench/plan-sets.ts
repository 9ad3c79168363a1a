// Plans one set of Git permissions against another in a process of its own, or only sorts both.
// usage: node plan-sets.ts plan|sort COUNT; prints milliseconds.
import { performance } from 'node:perf_hooks';
import { permissionKind } from '../src/operations/git-permissions/permission.ts';
import { planAll } from '../src/reconcile/plan.ts';

const [, , what, given] = process.argv;
const count = Number(given);
const connection = { id: 'git-connection-1', name: 'hub', host: 'github.com', key: 'git-connection-1' };
const position = { file: 'm.yml', line: 1 };
// A step that shares no factor with the count visits each number once, far from its neighbours.
const nth = (at: number, step: number) => (at * step) % count;
const desired = Array.from({ length: count }, (_, at) => ({
  subject: 'repo' as const,
  path: `acme/service-${nth(at, 7919)}`,
  connection,
  readOnly: at % 9 === 0,
  position,
}));
// One entry in ten is another, and one in nine has other rights.
const observed = Array.from({ length: count }, (_, at) => ({
  id: `git-permission-${at}`,
  subject: 'repo' as const,
  path: `acme/${nth(at, 104729) % 10 === 0 ? 'old' : 'service'}-${nth(at, 104729)}`,
  connection,
  readOnly: at % 8 === 0,
}));
const kind = permissionKind({ severalFiles: false, knowsReadOnly: true });
interface Entry {
  readonly path: string;
}
const byPath = (a: Entry, b: Entry) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);
const works = {
  plan: () =>
    planAll('bench', [{ kind, id: 'org-1', name: 'A', prune: true, desired, observed, isProtected: () => false }])
      .counts.added,
  sort: () => desired.toSorted(byPath).length + observed.toSorted(byPath).length,
};
const startedAt = performance.now();
const found = what === 'sort' ? works.sort() : works.plan();
const ms = performance.now() - startedAt;
if (found === 0) throw new Error('Nothing was planned');
console.log(ms);
