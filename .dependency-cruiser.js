// The rules for the modules: imports go down, never up and never in a cycle, and each foreign package has one importer.
const LAYERS = [
  '^src/(contract|report)/',
  '^src/(http|reconcile)/',
  '^src/(devin|github|runner)/',
  '^src/(operations|sandbox)/',
  '^src/(run\\.ts$|post\\.ts$|step/)',
  '^src/(main(-post)?\\.ts$|threads/)',
];

const downward = LAYERS.flatMap((layer, at) => {
  const above = LAYERS.slice(at + 1);
  return above.length === 0
    ? []
    : [
        {
          name: `layer-${at + 1}-imports-nothing-above`,
          severity: 'error',
          from: { path: layer },
          to: { path: above.join('|') },
        },
      ];
});

const onlyFrom = (name, from, to) => ({
  name: `only-${name}`,
  severity: 'error',
  from: { path: '^src/', pathNot: from },
  to: { path: to },
});

export default {
  forbidden: [
    ...downward,
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'contract-knows-only-itself',
      severity: 'error',
      from: { path: '^src/contract/' },
      to: { path: '^src/(?!contract/)' },
    },
    {
      name: 'report-knows-only-the-contract',
      severity: 'error',
      from: { path: '^src/report/' },
      to: { path: '^src/(?!report/|contract/)' },
    },
    {
      name: 'reconcile-knows-no-api',
      severity: 'error',
      from: { path: '^src/reconcile/' },
      to: { path: '^src/(?!reconcile/|contract/|report/)' },
    },
    {
      name: 'http-knows-no-api',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(?!http/|contract/)' },
    },
    ...['devin', 'github', 'runner'].map((one) => ({
      name: `${one}-does-not-import-its-neighbors`,
      severity: 'error',
      from: { path: `^src/${one}/` },
      to: { path: `^src/(?!${one}/)(devin|github|runner)/` },
    })),
    {
      name: 'sandbox-knows-only-endpoints',
      severity: 'error',
      from: { path: '^src/sandbox/' },
      to: { path: '^src/', pathNot: '^src/(sandbox/|contract/|devin/endpoints/|devin/endpoint\\.ts)' },
    },
    {
      name: 'operations-do-not-know-the-sandbox',
      severity: 'error',
      from: { path: '^src/operations/' },
      to: { path: '^src/sandbox/' },
    },
    onlyFrom('runner-imports-actions-core', '^src/runner/', 'node_modules/@actions/core/'),
    onlyFrom('github-imports-actions-github', '^src/github/', 'node_modules/@actions/github/'),
    onlyFrom('http-imports-undici', '^src/http/(connect\\.ts|undici\\.d\\.ts)$', 'node_modules/undici/'),
    onlyFrom('main-touches-process', '^src/main(-post)?\\.ts$', '^(node:)?process$'),
    {
      name: 'nothing-imports-devdependencies',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    { name: 'nothing-unresolved', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    // TypeScript 7 has no API that a tool could parse with; swc reads the sources instead, type imports too.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
