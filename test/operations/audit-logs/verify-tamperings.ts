import { appendFileSync, renameSync, symlinkSync, truncateSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { sha256Of } from '../../../src/operations/audit-logs/chain/export-manifest.ts';
import { type ExportOptions, START, type TestExport } from './verify-support.ts';

/** A way to tamper with an export, and what has to be found. */
export interface Tampering {
  readonly name: string;
  readonly options?: ExportOptions;
  readonly tamper: (one: TestExport) => void;
  /** Where it has to be found; the default is the first file of the second manifest. */
  readonly where?: (one: TestExport) => string;
  readonly what: RegExp;
  /** The text of a checkpoint, or the hash of the newest manifest, that was kept elsewhere before. */
  readonly checkpoint?: (one: TestExport) => string;
  readonly expected?: (one: TestExport) => string;
}

const first = (text: string) => text.slice(0, text.indexOf('\n') + 1);

/** Everything that somebody could do to an export, each with what tells. */
export const TAMPERINGS: readonly Tampering[] = [
  {
    name: 'a letter of an event was changed',
    tamper: (one) =>
      one.write(one.file(1), one.read(one.file(1)).toString().replace('create_session', 'create_sessiom')),
    what: /^was changed: its sha256 is \w+…, the manifest says \w+…/,
  },
  {
    name: 'an event was taken out',
    tamper: (one) => one.write(one.file(1), one.read(one.file(1)).toString().replace(/.*\n/, '')),
    what: /^has \d+ bytes fewer than its manifest says/,
  },
  {
    name: 'bytes were added at the end',
    tamper: (one) => appendFileSync(one.path(one.file(1)), '\n'),
    what: /^has 1 byte more than its manifest says/,
  },
  {
    name: 'a compressed file was cut off',
    options: { compression: 'gzip' },
    tamper: (one) => truncateSync(one.path(one.file(1)), one.read(one.file(1)).length - 9),
    what: /^cannot be decompressed: unexpected end of file/,
  },
  {
    name: 'bytes stand behind the compressed text, and the manifest was made to agree',
    options: { compression: 'gzip' },
    tamper(one) {
      const bytes = Buffer.concat([one.read(one.file(1)), Buffer.from('hidden')]);
      one.write(one.file(1), bytes);
      one.forge(1, ({ files: [file] }) => Object.assign(file ?? {}, { sha256: sha256Of(bytes), bytes: bytes.length }));
    },
    what: /^cannot be decompressed: incorrect header check/,
  },
  {
    name: 'a compressed file holds other text, and the manifest was made to agree on the outside',
    options: { compression: 'gzip' },
    tamper(one) {
      const text = gunzipSync(one.read(one.file(1)))
        .toString()
        .replace('create_session', 'delete_session');
      const bytes = gzipSync(text);
      one.write(one.file(1), bytes);
      one.forge(1, ({ files: [file] }) => Object.assign(file ?? {}, { sha256: sha256Of(bytes), bytes: bytes.length }));
    },
    what: /^was changed: its sha256 without compression is/,
  },
  {
    name: 'a compressed file grows without end',
    options: { compression: 'gzip' },
    tamper: (one) => one.write(one.file(1), gzipSync(Buffer.alloc(50_000_000))),
    what: /^has more text than its manifest says/,
  },
  {
    name: 'a file is missing',
    tamper: (one) => one.remove(one.file(1)),
    what: /^is missing; manifests\/.* names it/,
  },
  {
    name: 'a file was added that no manifest names',
    tamper: (one) => one.write('day=21/devin-audit_extra.jsonl', one.read(one.file(1))),
    where: () => 'day=21/devin-audit_extra.jsonl',
    what: /^exists, but no manifest names it/,
  },
  {
    name: 'two files changed places',
    tamper(one) {
      const [a, b] = [one.read(one.file(0)), one.read(one.file(1))];
      one.write(one.file(0), b);
      one.write(one.file(1), a);
    },
    where: (one) => `${one.file(1)}:1`,
    what: /^has an event of 2026-09-21T13:00:00Z, which is outside of the window/,
  },
  {
    name: 'a link stands in place of a file',
    tamper(one) {
      renameSync(one.path(one.file(1)), one.path('elsewhere'));
      symlinkSync(one.path('elsewhere'), one.path(one.file(1)));
    },
    what: /is a symbolic link/,
  },
  {
    name: 'a link stands in place of a folder',
    tamper(one) {
      renameSync(one.path('day=21'), one.path('day=20'));
      symlinkSync(one.path('day=20'), one.path('day=21'));
    },
    what: /^is not a file of the export: day=21 is a symbolic link/,
  },
  {
    name: 'a manifest names a path outside of the folder',
    tamper: (one) => one.forge(1, ({ files: [file] }) => Object.assign(file ?? {}, { path: '../../etc/passwd' })),
    where: (one) => one.name(1),
    what: /^names "\.\.\/\.\.\/etc\/passwd", which is not a path inside the folder/,
  },
  {
    name: 'two manifests name the same file',
    tamper: (one) => one.forge(1, ({ files }) => Object.assign(files[0] ?? {}, one.manifest(0).files[0])),
    where: (one) => one.name(1),
    what: /^names day=21\/.*, as manifests\/.* does/,
  },
  {
    name: 'an event stands twice in one file, and the manifest was made to agree',
    tamper(one) {
      one.forgeFile(
        1,
        (text) => first(text) + text,
        (file) => Object.assign(file, { events: file.events + 1 }),
      );
      one.forge(1, (manifest) => Object.assign(manifest, { events: manifest.events + 1 }));
    },
    where: (one) => `${one.file(1)}:2`,
    what: /^repeats the event "audit-log-\d+-0", which is further up already/,
  },
  {
    name: 'an event stands in two files, and the manifests were made to agree',
    tamper(one) {
      const event = first(one.read(one.file(0)).toString());
      one.forgeFile(
        1,
        (text) => event + text,
        (file) => Object.assign(file, { events: file.events + 1, oldest: one.manifest(0).oldest }),
      );
      one.forge(1, (manifest) =>
        Object.assign(manifest, { events: manifest.events + 1, oldest: one.manifest(0).oldest }),
      );
    },
    where: (one) => `${one.file(1)}:1`,
    what: /^repeats the event .*, which is in day=21\/.* already/,
  },
  {
    name: 'events are in another order, and the manifest was made to agree',
    tamper: (one) => one.forgeFile(1, (text) => `${text.trimEnd().split('\n').reverse().join('\n')}\n`),
    where: (one) => `${one.file(1)}:2`,
    what: /^comes before the event above it/,
  },
  {
    name: 'a line is no event, and the manifest was made to agree',
    tamper: (one) => one.forgeFile(1, (text) => text.replace('"audit_log_id"', '"id"')),
    where: (one) => `${one.file(1)}:1`,
    what: /^is not an event in the format jsonl/,
  },
  {
    name: 'the last line has no end, and the manifest was made to agree',
    tamper: (one) => one.forgeFile(1, (text) => text.trimEnd()),
    where: (one) => `${one.file(1)}:5`,
    what: /^ends in the middle of a line/,
  },
  {
    name: 'the count of a file was changed in the manifest',
    tamper(one) {
      one.forge(1, (manifest) => {
        Object.assign(manifest.files[0] ?? {}, { events: 7 });
        manifest.events += 2;
      });
    },
    what: /^has 2 events fewer than its manifest says/,
  },
  {
    name: 'a manifest counts other events than its files',
    tamper: (one) => one.forge(1, (manifest) => Object.assign(manifest, { events: 11 })),
    where: (one) => one.name(1),
    what: /^counts 11 events, but its files have 10/,
  },
  {
    name: 'a manifest hides events that came late',
    tamper: (one) => one.forge(1, (manifest) => Object.assign(manifest, { late_events: 3 })),
    where: (one) => one.name(1),
    what: /^counts 3 events that came late, but its files have 0/,
  },
  {
    name: 'the times of a file were changed in the manifest',
    tamper(one) {
      one.forge(1, (manifest) => {
        Object.assign(manifest.files[0] ?? {}, { oldest: manifest.window.reread_from });
        manifest.oldest = manifest.window.reread_from;
      });
    },
    what: /^has events from .* to .*; its manifest names another range/,
  },
  {
    name: 'a manifest in the middle was changed',
    tamper: (one) => one.edit(1, (manifest) => Object.assign(manifest, { duplicates_dropped: 5 })),
    where: (one) => one.name(2),
    what: /^follows the manifest \w+…, which does not exist: the chain is broken; manifests\/.* ends where it begins, but its sha256 is/,
  },
  {
    name: 'a manifest in the middle is missing with its files',
    tamper(one) {
      for (const path of [one.file(1), one.file(1, 1), one.name(1)]) one.remove(path);
    },
    where: (one) => one.name(2),
    what: /nothing covers 2026-09-21T14:00:00Z to 2026-09-21T15:00:00Z: a gap/,
  },
  {
    name: 'the chain begins twice',
    tamper: (one) => one.edit(2, (manifest) => Object.assign(manifest, { previous: null, sequence: 0 })),
    where: (one) => one.name(2),
    what: /^begins a second chain/,
  },
  {
    name: 'two manifests follow the same one',
    tamper: (one) => one.edit(2, (manifest) => Object.assign(manifest, { previous: one.manifest(1).previous })),
    where: (one) => one.name(2),
    what: /^follows \w+…, as manifests\/.* does: the chain forks/,
  },
  {
    name: 'the chain was put in another order',
    tamper(one) {
      const previous = { sha256: sha256Of(one.read(one.name(0))) };
      one.edit(2, (manifest) => Object.assign(manifest, { previous, sequence: 1 }));
      const last = { sha256: sha256Of(one.read(one.name(2))) };
      one.edit(1, (manifest) => Object.assign(manifest, { previous: last, sequence: 2 }));
    },
    where: (one) => one.name(1),
    what: /^comes after manifests\/.*, but their windows overlap or are in another order/,
  },
  {
    name: 'a window was made shorter, so that something lies between two',
    tamper: (one) =>
      one.forge(1, ({ window }) => {
        window.since = '2026-09-21T14:00:01Z';
      }),
    where: (one) => one.name(1),
    what: /^comes after manifests\/.*, but nothing covers 2026-09-21T14:00:00Z to 2026-09-21T14:00:01Z: a gap/,
  },
  {
    name: 'two single exports overlap',
    tamper(one) {
      for (const index of [0, 1, 2])
        one.edit(index, (manifest) => Object.assign(manifest, { previous: null, sequence: 0 }));
      one.edit(1, ({ window }) => Object.assign(window, { since: '2026-09-21T13:50:00Z' }));
    },
    where: (one) => one.name(1),
    what: /^comes after manifests\/.*, but their windows overlap/,
  },
  {
    name: 'a manifest was copied under another name',
    tamper: (one) => one.write('manifests/zz.manifest.json', one.read(one.name(1))),
    where: () => 'manifests/zz.manifest.json',
    what: /^is the same manifest as manifests\//,
  },
  {
    name: 'a manifest is no JSON any more',
    tamper: (one) => truncateSync(one.path(one.name(2)), 100),
    where: (one) => one.name(2),
    what: /^is not JSON/,
  },
  {
    name: 'a manifest lacks what it has to say',
    tamper: (one) => one.write(one.name(2), one.read(one.name(2)).toString().replace('plain_sha256', 'hash')),
    where: (one) => one.name(2),
    what: /^is not a manifest: files\.0\.plain_sha256/,
  },
  {
    name: 'a manifest names a time with a fraction, and the chain was made to agree',
    tamper: (one) => one.forge(1, ({ window }) => Object.assign(window, { since: '2026-09-21T14:00:00.5Z' })),
    where: (one) => one.name(1),
    what: /^is not a manifest: window\.since/,
  },
  {
    name: 'the newest manifest has bytes that are not UTF-8',
    tamper(one) {
      const bytes = one.read(one.name(2));
      bytes.fill(0xff, bytes.indexOf('acme'), bytes.indexOf('acme') + 1);
      one.write(one.name(2), bytes);
    },
    where: (one) => one.name(2),
    what: /^is not UTF-8/,
  },
  {
    name: 'a file without a manifest is beside the manifests',
    tamper: (one) => one.write('manifests/notes.txt', 'none'),
    where: () => 'manifests/notes.txt',
    what: /^exists, but no manifest names it/,
  },
  ...(
    ['1e400', 'NaN', '"\u0661\u0667\u0669\u0660\u0660\u0660\u0660\u0660\u0660\u0660"', `1${'0'.repeat(40)}`] as const
  ).map(
    (time): Tampering => ({
      name: `an event has the time ${time}, and the manifest was made to agree`,
      tamper: (one) => one.forgeFile(1, (text) => text.replace(/"created_at":\d+/, `"created_at":${time}`)),
      where: (one) => `${one.file(1)}:1`,
      what: /^(is not an event in the format jsonl|has an event of an impossible time)/,
    }),
  ),
  {
    name: 'the time of an OCSF document is a text, and the manifest was made to agree',
    options: { format: 'ocsf' },
    tamper: (one) => one.forgeFile(1, (text) => text.replace(/"time":(\d+)/, '"time":"$1"')),
    where: (one) => `${one.file(1)}:1`,
    what: /^is not an event in the format ocsf/,
  },
  {
    name: 'the hash of a Parquet file without compression was changed in the manifest',
    options: { format: 'parquet' },
    tamper: (one) => one.forge(1, ({ files: [file] }) => Object.assign(file ?? {}, { plain_sha256: '0'.repeat(64) })),
    what: /^was changed: its sha256 without compression/,
  },
  {
    name: 'a manifest claims another place in its chain',
    tamper: (one) => one.forge(1, (manifest) => Object.assign(manifest, { sequence: 7 })),
    where: (one) => one.name(1),
    what: /^is number 7 of its chain, but follows number 0/,
  },
  {
    name: 'a shard of a matrix is missing',
    options: { isSharded: true, windows: 4 },
    tamper(one) {
      for (const path of [one.file(3), one.file(3, 1), one.name(3)]) one.remove(path);
    },
    where: (one) => one.name(0),
    what: /^is one of 4 shards, but shard 4 of 4 is missing/,
  },
  {
    name: 'a Parquet file was changed',
    options: { format: 'parquet' },
    tamper(one) {
      const bytes = one.read(one.file(1));
      bytes[200] = (bytes[200] ?? 0) ^ 1;
      one.write(one.file(1), bytes);
    },
    what: /^was changed: its sha256/,
  },
  {
    name: 'a file was replaced by one of another format, and the manifest was made to agree',
    options: { format: 'parquet' },
    tamper: (one) => one.forgeFile(1, () => 'PAR1 this is none PAR1'),
    where: (one) => `${one.file(1)}:1`,
    what: /^cannot be read as Parquet/,
  },
  {
    name: 'the head of a CSV file was changed, and the manifest was made to agree',
    options: { format: 'csv' },
    tamper: (one) => one.forgeFile(1, (text) => text.replace('audit_log_id', 'id')),
    where: (one) => `${one.file(1)}:1`,
    what: /^is not the header of such a file/,
  },
  {
    name: 'all manifests are missing',
    tamper(one) {
      for (const path of one.manifests) one.remove(path);
    },
    where: () => 'manifests/*.manifest.json',
    what: /^is missing: there is no manifest that can be read/,
  },
  ...(['hour', 'day', 'org'] as const).map(
    (partition): Tampering => ({
      name: `an event is not in the folder of its ${partition}, and the manifest was made to agree`,
      options: { partition },
      tamper(one) {
        const path = one.file(1);
        const other = path.replace(/(hour|day|org_id)=[^/]+\/(?=devin)/, '$1=20/');
        one.write(other, one.read(path));
        one.remove(path);
        one.forge(1, ({ files: [file] }) => Object.assign(file ?? {}, { path: other }));
      },
      where: (one) => `${one.file(1).replace(/(hour|day|org_id)=[^/]+\/(?=devin)/, '$1=20/')}:1`,
      what: /^has an event that belongs in (year=2026\/|org_id=org-1\/)/,
    }),
  ),
  {
    name: 'the beginning of the chain is missing, and the checkpoint knows it',
    checkpoint: (one) => one.checkpoint(),
    tamper(one) {
      for (const path of [one.file(0), one.file(0, 1), one.name(0)]) one.remove(path);
    },
    where: () => 'checkpoint.json',
    what: /^says that the chain begins at 2026-09-21T13:00:00Z, but the first manifest that exists begins at 2026-09-21T14:00:00Z/,
  },
  {
    name: 'the beginning of the chain was removed, and the rest was made to agree',
    checkpoint(one) {
      return one.checkpoint();
    },
    tamper(one) {
      for (const path of [one.file(0), one.file(0, 1), one.name(0)]) one.remove(path);
      one.edit(1, (manifest) => Object.assign(manifest, { previous: null, sequence: 0 }));
      one.edit(2, (manifest) => Object.assign(manifest, { previous: { sha256: one.hash(1) }, sequence: 1 }));
    },
    where: () => 'checkpoint.json',
    what: /^knows the last manifest as \w+…, which is not in this folder/,
  },
  ...([-3_600, 1, 3_600] as const).map(
    (moved): Tampering => ({
      name: `the mark of the checkpoint was moved by ${moved} s, and its hash was made to agree`,
      checkpoint: (one) => one.checkpoint({ high_water: START + 3 * 3_600 + moved }),
      tamper: () => undefined,
      where: () => 'checkpoint.json',
      what: /^says that everything before .* is exported, but the last manifest ends at 2026-09-21T16:00:00Z: the mark was moved/,
    }),
  ),
  {
    name: 'the start of the checkpoint was moved, and its hash was made to agree',
    checkpoint: (one) => one.checkpoint({ since: START + 3_600 }),
    tamper: () => undefined,
    where: () => 'checkpoint.json',
    what: /the beginning of the chain is missing/,
  },
  {
    name: 'the checkpoint belongs to another place of the chain',
    checkpoint: (one) => one.checkpoint({ sequence: 7 }),
    tamper: () => undefined,
    where: () => 'checkpoint.json',
    what: /^says that the last manifest is number 7 of its chain, but it is number 2/,
  },
  {
    name: 'the checkpoint has another scope',
    checkpoint: (one) => one.checkpoint({ scope: { ...one.manifest(0).scope, org_id: 'org-9' } }),
    tamper: () => undefined,
    where: () => 'checkpoint.json',
    what: /^has another scope/,
  },
  {
    name: 'the checkpoint was changed',
    checkpoint: (one) => one.checkpoint().replace('"seen":[]', '"seen":[["a",1]]'),
    tamper: () => undefined,
    where: () => 'checkpoint.json',
    what: /^cannot be compared/,
  },
  {
    name: 'the newest manifest was replaced, and the user knows its hash',
    expected: (one) => one.hash(2),
    tamper: (one) => one.edit(2, (manifest) => Object.assign(manifest, { duplicates_dropped: 5 })),
    where: () => 'expected_hash',
    what: /^is \w+…, which is not in this folder/,
  },
  {
    name: 'the newest manifest was removed with its files, and the user knows its hash',
    expected: (one) => one.hash(2),
    tamper(one) {
      for (const path of [one.file(2), one.file(2, 1), one.name(2)]) one.remove(path);
    },
    where: () => 'expected_hash',
    what: /^is \w+…, which is not in this folder/,
  },
  {
    name: 'another manifest follows the one that the user knows',
    expected: (one) => one.hash(1),
    tamper: () => undefined,
    where: () => 'expected_hash',
    what: /^is \w+…, but manifests\/.* follows it/,
  },
  ...(['ocsf', 'ecs', 'csv'] as const).map(
    (format): Tampering => ({
      name: `the ID of an event was changed in ${format} except in its original, and the manifest was made to agree`,
      options: { format },
      tamper: (one) => one.forgeFile(1, (text) => text.replace(/audit-log-(?=\d+-0)/, 'audit-log-x')),
      where: (one) => `${one.file(1)}:${format === 'csv' ? 2 : 1}`,
      what: new RegExp(`^is not an event in the format ${format}`),
    }),
  ),
];
