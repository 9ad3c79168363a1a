import { ActionError, asActionError } from '../../contract/errors.ts';
import { getSelf } from '../../devin/endpoints/self.ts';
import { code, details, nameOrId, plain, prose, sections, table } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { count } from '../../report/units.ts';
import { type Context, isLocal, nothingToPrepare, type Operation, operation } from '../operation.ts';
import { singleOf } from '../organization.ts';
import { needText } from '../permissions.ts';
import { type Finding, type Grants, grantOf, verdictOn } from './grants.ts';
import { PROBES, type Probe, V2_PROBES } from './probes.ts';

/** Who a credential is. */
interface Identity {
  readonly kind: string;
  readonly id: string | null;
  readonly name: string | null;
  readonly org_id: string | null;
}

/** How long all probes together may take, in milliseconds: who the credential is, is known without them. */
const PROBES_MS = 10_000;

async function identify({ devin, version }: Context<never>): Promise<Identity> {
  if (version === 'v2') return { kind: 'legacy personal key', id: null, name: null, org_id: null };
  const self = await devin.call(getSelf, { params: {} });
  const { service_user_id: serviceUser, user_id: user } = self;
  return {
    kind: self.principal_type || (serviceUser ? 'service_user' : user ? 'user' : 'unknown'),
    id: serviceUser || user,
    name: self.service_user_name || self.user_name,
    org_id: self.org_id || null,
  };
}

function noAdministrator(refusal: ActionError): ActionError {
  const message = `The legacy key may not be one of an Enterprise administrator, which v2 needs. ${refusal.message}`;
  return new ActionError(refusal.code, message, { fix: refusal.fix, cause: refusal });
}

async function probe(
  { devin, clock, version }: Context<never>,
  { endpoint, call, inOrganization }: Probe,
  orgId: string | null,
  signal: AbortSignal,
): Promise<Finding> {
  if (inOrganization && orgId === null) return 'unasked';
  try {
    // With a budget that is used up, a failed attempt is the last one.
    await devin.raw(endpoint, { ...call(orgId ?? ''), signal, deadlineAt: clock.now() });
    return 'yes';
  } catch (thrown) {
    const error = asActionError(thrown);
    const isRefusal = error.code === 'permission_denied' || error.code === 'credential_invalid';
    // For v2, no other request says whether the key is valid.
    if (isRefusal && version === 'v2') throw noAdministrator(error);
    return isRefusal ? 'no' : 'failed';
  }
}

async function probeAll(context: Context<never>, orgId: string | null): Promise<ReadonlyMap<Probe, Finding>> {
  const probes = context.version === 'v2' ? V2_PROBES : PROBES;
  const over = new AbortController();
  const signal = AbortSignal.any([context.signal, over.signal, context.clock.deadline(PROBES_MS)]);
  try {
    const found = await Promise.all(
      probes.map(async (one) => [one, await probe(context, one, orgId, signal)] as const),
    );
    context.signal.throwIfAborted();
    return new Map(found);
  } finally {
    over.abort();
  }
}

/** A finding as the result shows it. */
const shown = (finding: Finding) => (finding === 'failed' ? 'unknown' : finding);

const WORDS: Readonly<Record<Finding, string>> = {
  yes: 'yes',
  no: 'no',
  unasked: 'unknown',
  unknown: 'not tested',
  failed: 'check failed',
};

/** What is not known of operations, and why: said once, not in each row. */
const REASONS: ReadonlyArray<readonly [Finding, string]> = [
  ['no', 'To grant a missing permission: Settings → Service users → Role.'],
  ['unasked', '**unknown**: it depends on the organization. Set `org_id` to check it.'],
  ['unknown', '**not tested**: it would change something.'],
  ['failed', '**check failed**: the read request failed for another reason. Run the step again.'],
];

/** A permission that has a read request is not known only if that request accepts another one. */
const GRANTED = { ...WORDS, unknown: 'unknown (another permission allows the same request)' };

/** What is denied comes first, then what is not known. */
const ORDER: readonly Finding[] = ['no', 'failed', 'unasked', 'unknown', 'yes'];

const deniedFirst = <T extends readonly [unknown, Finding]>(rows: readonly T[]): T[] =>
  rows.toSorted(([, a], [, b]) => ORDER.indexOf(a) - ORDER.indexOf(b));

const needsOf = (value: Operation): string => {
  if (value.permissions.length === 0) return isLocal(value) ? 'no credential' : 'those of the endpoint';
  return value.permissions.map((need) => prose(needText(need))).join('<br>');
};

const PRINCIPALS: Readonly<Record<string, string>> = { service_user: 'service user' };

/** Who it is, and how many operations it may run. */
function headingOf({ name, id, kind }: Identity, rows: ReadonlyArray<readonly [Operation, Finding]>): string {
  const of = (...findings: readonly Finding[]) => rows.filter(([, finding]) => findings.includes(finding)).length;
  const [denied, unknown] = [of('no'), of('unasked', 'unknown', 'failed')];
  const parts = [
    `${count(of('yes'), 'operation')} allowed`,
    ...(denied === 0 ? [] : [`${denied} not allowed`]),
    ...(unknown === 0 ? [] : [`${unknown} unknown`]),
  ];
  return title(denied + unknown === 0 ? 'done' : 'attention', `${nameOrId(name ?? id ?? kind)}: ${parts.join(', ')}`);
}

function summaryOf(
  identity: Identity,
  rows: ReadonlyArray<readonly [Operation, Finding]>,
  findings: ReadonlyMap<string, Finding>,
): string {
  const kind = plain(PRINCIPALS[identity.kind] ?? identity.kind.replaceAll('_', ' '));
  const scope = identity.org_id === null ? 'of the enterprise' : `of ${code(identity.org_id)}`;
  const all = [...findings];
  const has = (finding: Finding) =>
    rows.some(([, found]) => found === finding) || (finding === 'no' && all.some(([, found]) => found === finding));
  return sections(
    headingOf(identity, rows),
    `A ${kind} ${scope}.`,
    REASONS.filter(([finding]) => has(finding))
      .map(([, reason]) => `- ${reason}`)
      .join('\n'),
    table(
      ['Operation', 'Allowed', 'Permissions it needs'],
      deniedFirst(rows).map(([value, finding]) => [code(value.name), WORDS[finding], needsOf(value)]),
    ),
    details(
      count(all.length, 'permission'),
      table(
        ['Permission', 'Granted'],
        deniedFirst(all).map(([name, finding]) => [code(name), GRANTED[finding]]),
      ),
    ),
  );
}

/** Says who the credential is, and which operations it may run. */
export const whoamiOperation = operation({
  name: 'whoami',
  summary: 'Shows the identity of the credential and the operations that it may run. Sends only read requests.',
  inputs: [],
  required: [],
  outputs: ['identity', 'allowed_operations'],
  permissions: [{ all: ['ReadAccountMeta'] }],
  versions: ['v3', 'v2'],
  prepare: nothingToPrepare,
  async run(context) {
    const identity = await identify(context);
    const { inputs, version } = context;
    const grants: Grants = {
      found: await probeAll(context, singleOf(inputs.org_id) ?? identity.org_id),
      version: version === 'v2' ? 'v2' : 'v3',
      hasOwnOrganization: identity.org_id !== null,
      namesOrganizations: inputs.org_id !== undefined && inputs.org_id !== '*',
    };
    const names = ['ReadAccountMeta', ...[...grants.found.keys()].map(({ permission }) => permission)];
    const findings = new Map(names.map((name) => [name, grantOf(name, grants)]));
    const operations = await context.operations();
    const rows = operations.map((value) => [value, verdictOn(value, grants)] as const);
    const allowed = rows.filter(([, finding]) => finding === 'yes').map(([{ name }]) => name);
    context.log.info(`${identity.name ?? identity.kind}${identity.org_id === null ? '' : ` of ${identity.org_id}`}`);
    for (const [{ name }, finding] of rows) context.log.info(`  ${name.padEnd(22)} ${WORDS[finding]}`);
    return {
      outcome: 'success',
      data: {
        identity,
        allowed_operations: allowed,
        operations: Object.fromEntries(rows.map(([{ name }, finding]) => [name, shown(finding)])),
        permissions: Object.fromEntries([...findings].map(([name, finding]) => [name, shown(finding)])),
      },
      summary: summaryOf(identity, rows, findings),
    };
  },
});
