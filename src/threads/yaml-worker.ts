// The entry of the thread that reads long YAML texts, which takes up to half a minute: manifests of the largest size, and
// texts that were made for it. scripts/build.ts makes dist/yaml-worker.js of it.
import { parentPort } from 'node:worker_threads';
import { readManifest } from '../operations/git-permissions/manifest.ts';
import type { ManifestTask } from '../operations/git-permissions/manifest-thread.ts';
import { Workspace } from '../runner/workspace.ts';
// Loaded at once: a thread has no further files.
import '../operations/plan/yaml-source.ts';
import { parseYaml } from '../operations/yaml.ts';
import type { YamlTask } from '../operations/yaml-thread.ts';

const replyTo = (task: YamlTask | ManifestTask) =>
  'text' in task ? parseYaml(task.text) : readManifest(task.files, new Workspace(task.root, task.temp));

parentPort?.on('message', async ({ id, task }: { readonly id: number; readonly task: YamlTask | ManifestTask }) => {
  parentPort?.postMessage({ id, reply: await replyTo(task) });
});
