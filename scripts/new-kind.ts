// The texts of `npm run new -- kind`: the smallest kind that compiles, and its failing test.
import type { Scaffold } from './new.ts';
import { camel, pascal } from './new-files.ts';

/** A kind of resource that is managed as code, see src/reconcile/kind.ts. */
export function kindFiles(name: string): Scaffold {
  const type = pascal(name);
  const words = name.replaceAll('-', ' ');
  return {
    files: {
      [`src/operations/enterprise/${name}.ts`]: `import type { Kind } from '../../reconcile/kind.ts';

/** A ${words} as the manifest wants it. */
export interface Desired${type} {
  readonly name: string;
  readonly setting: string;
}

/** A ${words} that exists. */
export interface Observed${type} extends Desired${type} {
  readonly id: string;
}

const keyOf = ({ name }: Desired${type}) => name.toLowerCase();
const textOf = ({ name, setting }: Desired${type}) => \`\${name} \${setting}\`;
const show = ({ name }: Desired${type}) => ({ type: '${words}', name });

/** What a ${words} is like. */
export const ${camel(name)}Kind: Kind<Desired${type}, Observed${type}> = {
  name: '${words}',
  restricted: 'lose access',
  desiredKey: keyOf,
  observedKey: keyOf,
  observedId: ({ id }) => id,
  desiredText: textOf,
  observedText: textOf,
  compare: () => undefined,
  create: () => ({ reason: 'in the manifest', escalation: false }),
  showDesired: show,
  showObserved: show,
};
`,
      [`test/operations/enterprise/${name}.test.ts`]: `import { expect, test } from 'vitest';
import { ${camel(name)}Kind } from '../../../src/operations/enterprise/${name}.ts';
import { planAll } from '../../../src/reconcile/plan.ts';

test('a changed setting of the ${words} is an update', () => {
  const scope = { kind: ${camel(name)}Kind, id: 'org-1', name: 'One', prune: true, isProtected: () => false };
  const desired = [{ name: 'a', setting: 'new' }];
  const observed = [{ id: '1', name: 'a', setting: 'old' }];
  expect(planAll('${words}', [{ ...scope, desired, observed }]).counts).toMatchObject({ updated: 1, unchanged: 0 });
});
`,
    },
    lines: [],
    next: [
      `Write compare and create in src/operations/enterprise/${name}.ts until its test passes.`,
      'Write a store that sends the changes (src/reconcile/store.ts), and read the manifest.',
      'Name what it depends on (dependsOn), and what may never become part of a plan.',
    ],
  };
}
