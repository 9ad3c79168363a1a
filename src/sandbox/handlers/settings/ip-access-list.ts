import {
  addIpAccessList,
  clearIpAccessList,
  getIpAccessList,
  replaceIpAccessList,
} from '../../../devin/endpoints/ip-access-list.ts';
import { type FieldError, invalid } from '../../request/problem.ts';
import { type Change, recordChange } from '../../world/changes.ts';
import { type Handler, on } from '../../world/handler.ts';
import { shelf } from '../../world/shelf.ts';
import { canonicalRange } from './ip-access-list-ranges.ts';

/** Empty at the start, which restricts nothing. */
const kept = shelf((): { ranges: readonly string[] } => ({ ranges: [] }));

function canonical(given: readonly string[]): string[] {
  const wrong: FieldError[] = [];
  const ranges = given.map((text, i) => {
    const range = canonicalRange(text);
    const msg = 'Input should be an IP address or a range in CIDR notation';
    if (range === undefined) wrong.push({ loc: ['body', 'ip_ranges', i], msg, type: 'ip_range' });
    return range ?? '';
  });
  if (wrong.length > 0) throw invalid(wrong);
  return ranges;
}

function keep(call: Change, ranges: readonly string[]): { ip_ranges: string[] } {
  const unique = [...new Set(ranges)];
  kept(call.world).ranges = unique;
  recordChange(call, 'update_enterprise_settings', null, { change: 'ip_access_list', ip_ranges: unique });
  return { ip_ranges: unique };
}

/**
 * The IP access list. The API answers 401 to whoever is not on a list that is not empty; the sandbox listens on
 * loopback only, and takes 127.0.0.1 as listed, so that no one can lock themselves out.
 */
export const ipAccessListHandlers: readonly Handler[] = [
  on(getIpAccessList, ({ world }) => ({ ip_ranges: [...kept(world).ranges] })),
  on(addIpAccessList, (call) => keep(call, [...kept(call.world).ranges, ...canonical(call.body.ip_ranges)])),
  on(replaceIpAccessList, (call) => keep(call, canonical(call.body.ip_ranges))),
  on(clearIpAccessList, (call) => keep(call, [])),
];
