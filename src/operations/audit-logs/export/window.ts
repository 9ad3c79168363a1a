import { type Instant, instantSeconds } from '../../../contract/kinds.ts';
import type { Checkpoint } from '../chain/checkpoint.ts';
import type { Partition } from '../chain/partitions.ts';
import { UNIT_SECONDS } from '../chain/partitions.ts';
import type { Range } from '../events/time.ts';

/** The inputs that define the range. Times in milliseconds. */
export interface WindowInputs {
  readonly since: Instant | undefined;
  readonly until: Instant | undefined;
  readonly settle: number;
  readonly overlap: number;
  readonly shard: { readonly index: number; readonly count: number } | undefined;
  readonly partition: Partition;
}

/** The range of a run. */
export interface Window extends Range {
  /** Where reading begins: before `from`, to find late events. */
  readonly rereadFrom: number;
}

/**
 * One of `count` parts of a range. The borders depend only on range, count, and partition, so jobs agree on them whenever
 * they start. If the range is long enough, they are on whole days or hours, so that no file is divided.
 */
export function shardOf(range: Range, partition: Partition, { index, count }: { index: number; count: number }): Range {
  const length = range.to - range.from;
  const units = [86_400, 3_600, 60, 1];
  const unit = UNIT_SECONDS[partition] ?? units.find((seconds) => length >= 2 * count * seconds) ?? 1;
  const border = (part: number) => {
    if (part === 0) return range.from;
    if (part === count) return range.to;
    const even = range.from + Math.floor((length * part) / count);
    return Math.min(range.to, Math.max(range.from, Math.floor(even / unit) * unit));
  };
  return { from: border(index - 1), to: border(index) };
}

/**
 * The window of a run: from the checkpoint, or from `since` without one, to a bound that remains fixed while pages are
 * read. It is empty (`to` is not after `from`) if nothing is new. `now` is the time of the API in milliseconds.
 */
export function windowOf(inputs: WindowInputs, checkpoint: Checkpoint | undefined, now: number): Window {
  const { since, until, settle, overlap, shard, partition } = inputs;
  const settled = Math.floor((now - settle) / 1_000);
  const asked = until === undefined ? settled : instantSeconds(until, now);
  // The future cannot be read to its end.
  const end = asked * 1_000 > now ? settled : asked;
  if (checkpoint !== undefined) {
    const { high_water: from, seen_since: seenSince } = checkpoint;
    return { from, to: end, rereadFrom: Math.max(seenSince, from - Math.ceil(overlap / 1_000)) };
  }
  const from = since === undefined ? end : instantSeconds(since, now);
  const part = shard === undefined ? { from, to: asked } : shardOf({ from, to: asked }, partition, shard);
  return { from: part.from, to: Math.max(part.from, Math.min(part.to, end)), rereadFrom: part.from };
}
