import { isIP } from 'node:net';

const host = (address: string) => new URL(`http://[${address}]/`).hostname.slice(1, -1);

/** The 16 bytes of an IPv6 address. */
function bytesOf(address: string): number[] {
  const [head = '', tail] = host(address).split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  const left = groups(head);
  const right = groups(tail);
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  return host(groups.join(':'));
}

/**
 * An address or a CIDR range in canonical form: the bits behind the prefix are zero, IPv6 is short, and a single
 * address is a range of one. Undefined for a text that is neither.
 */
export function canonicalRange(text: string): string | undefined {
  const [address = '', prefix, rest] = text.trim().split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest !== undefined) return undefined;
  const bytes = family === 4 ? address.split('.').map(Number) : bytesOf(address);
  const bits = bytes.length * 8;
  if (prefix !== undefined && (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits)) return undefined;
  const length = prefix === undefined ? bits : Number(prefix);
  const masked = bytes.map((byte, i) => byte & (0xff << Math.min(8, Math.max(0, 8 - (length - i * 8)))) & 0xff);
  return `${textOf(masked)}/${length}`;
}
