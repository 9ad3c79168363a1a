import { createHash } from 'node:crypto';
import { isSandbox } from '../../../contract/api-url.ts';
import { isLoopback } from '../../../contract/kinds.ts';
import type { ApiVersion } from '../../../devin/endpoint.ts';

/** Whose events an export contains. Two exports of different scopes are independent of each other. */
export interface ExportScope {
  /** Host of the API; one on this machine is `loopback`, whatever its port. */
  readonly api: string;
  readonly version: ApiVersion;
  /** One organization; undefined for the whole enterprise. */
  readonly orgId: string | undefined;
  /** Only these actions, sorted; empty is every action. */
  readonly actions: readonly string[];
}

/** The scope that inputs name. */
export function scopeFrom(
  apiUrl: string,
  version: ApiVersion,
  orgId: string | undefined,
  actions: readonly string[] = [],
): ExportScope {
  const url = isSandbox(apiUrl) ? undefined : new URL(apiUrl);
  const api = url === undefined ? 'sandbox' : isLoopback(url) ? 'loopback' : url.host + url.pathname.replace(/\/$/, '');
  return { api, version, orgId, actions: [...new Set(actions)].sort() };
}

/** Eight hexadecimal digits that identify a scope, and how its files are written, in the names of the files. */
export function labelOf({ api, version, orgId, actions }: ExportScope, ...more: readonly string[]): string {
  const parts = JSON.stringify([api, version, orgId ?? null, actions, ...more]);
  return createHash('sha256').update(parts).digest('hex').slice(0, 8);
}
