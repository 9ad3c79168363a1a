// The entry of the thread that reads long YAML texts, which takes up to half a minute: manifests of the largest size, and
// texts that were made for it. scripts/build.ts makes dist/yaml-worker.js of it.
import { parentPort } from 'node:worker_threads';
import { Workspace } from '../runner/workspace.ts';
import { readManifest } from './git-permissions/manifest.ts';
import type { ManifestTask } from './git-permissions/manifest-thread.ts';
// Loaded at once: a thread has no further files.
import './plan/yaml-source.ts';
import { parseYaml } from './yaml.ts';
import type { YamlTask } from './yaml-thread.ts';

const replyTo = (task: YamlTask | ManifestTask) =>
  'text' in task ? parseYaml(task.text) : readManifest(task.files, new Workspace(task.root, task.temp));

parentPort?.on('message', async ({ id, task }: { readonly id: number; readonly task: YamlTask | ManifestTask }) => {
  parentPort?.postMessage({ id, reply: await replyTo(task) });
});
