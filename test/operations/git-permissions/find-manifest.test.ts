import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findManifest } from '../../../src/operations/git-permissions/manifest.ts';
import { Workspace } from '../../../src/runner/workspace.ts';

test('a manifest that must not be read is refused as an input, and one that is missing is not', async () => {
  const workspace = new Workspace(mkdtempSync(join(tmpdir(), 'manifest-')));
  expect(await findManifest(['../a.yml'], workspace)).toEqual({
    ok: false,
    problem: 'names "../a.yml", which is outside of the workspace',
  });
  expect(await findManifest(['.git/a.yml'], workspace)).toMatchObject({
    ok: false,
    problem: expect.stringMatching(/^names "\.git\/a\.yml", which is inside \.git/),
  });
  expect(await findManifest(['./a.yml', 'a.yml'], workspace)).toEqual({ ok: true, files: ['a.yml'] });
});
