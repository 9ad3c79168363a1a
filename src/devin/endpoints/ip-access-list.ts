import * as z from 'zod/mini';
import { endpoint, lazy } from '../endpoint.ts';
import { list, tolerant } from '../tolerant.ts';

/** The ranges from which the enterprise may be reached, in CIDR notation. An empty list restricts nothing. */
export const IpAccessList = lazy(() => tolerant({ ip_ranges: list(z.string()) }, ['ip_ranges']));

/** Ranges in CIDR notation, such as `203.0.113.0/24`; the API brings each into its canonical form. */
export const IpAccessListRequest = lazy(() => z.strictObject({ ip_ranges: z.array(z.string()) }));

/** https://docs.devin.ai/enterprise/security-access/ip-access-lists */
export const getIpAccessList = endpoint('getIpAccessList', 'GET /v3/enterprise/ip-access-list', {
  summary: 'Show the IP access list',
  permission: ['ManageEnterpriseSettings'],
  answer: IpAccessList,
  beta: true,
});

/** Adds ranges. Once the list is not empty, a request from anywhere else gets a 401. */
export const addIpAccessList = endpoint('addIpAccessList', 'POST /v3/enterprise/ip-access-list', {
  summary: 'Add ranges to the IP access list',
  permission: ['ManageEnterpriseSettings'],
  body: IpAccessListRequest,
  answer: IpAccessList,
});

/** Replaces the whole list. Once it is not empty, a request from anywhere else gets a 401. */
export const replaceIpAccessList = endpoint('replaceIpAccessList', 'PUT /v3/enterprise/ip-access-list', {
  summary: 'Replace the IP access list',
  permission: ['ManageEnterpriseSettings'],
  body: IpAccessListRequest,
  answer: IpAccessList,
  beta: true,
});

/** Empties the list, which lifts every restriction. */
export const clearIpAccessList = endpoint('clearIpAccessList', 'DELETE /v3/enterprise/ip-access-list', {
  summary: 'Empty the IP access list',
  permission: ['ManageEnterpriseSettings'],
  answer: IpAccessList,
});
