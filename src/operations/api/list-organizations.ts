import { ActionError } from '../../contract/errors.ts';
import { LARGEST_PAGE } from '../../devin/pagination.ts';
import { code, nameOrId, sections, table } from '../../report/markdown.ts';
import { title } from '../../report/marks.ts';
import { count, number } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import { nothingToPrepare, operation } from '../operation.ts';
import { eachOnce, type VisibleOrganization, visibleOrganizations } from '../visible-organizations.ts';

/** GitHub starts at most this many jobs from one matrix. */
const MAX_JOBS = 256;

/** What the output says of an organization. Limits are in ACUs; null is no limit. */
interface Listed {
  readonly org_id: string;
  readonly org_name: string;
  readonly max_cycle_acu_limit: number | null;
  readonly max_session_acu_limit: number | null;
}

const listed = ({ name, org_id, ...limits }: VisibleOrganization): Listed => ({ org_id, org_name: name, ...limits });

/** By name, then by id. */
function byName(a: Listed, b: Listed): number {
  const [one, other] = [a.org_name.toLowerCase(), b.org_name.toLowerCase()];
  return one === other ? (a.org_id < b.org_id ? -1 : 1) : one < other ? -1 : 1;
}

type ListContext = Context<'matrix_size'>;

async function fromV2({ devin }: ListContext): Promise<Listed[]> {
  const { v2ListOrganizations } = await import('../../devin/endpoints/v2-organizations.ts');
  const found: VisibleOrganization[] = [];
  for await (const row of devin.items(v2ListOrganizations, { params: {}, query: { limit: LARGEST_PAGE } })) {
    const { org_id, org_name, max_cycle_acu_limit: cycle, max_session_acu_limit: session } = row;
    found.push({ org_id, name: org_name || org_id, max_cycle_acu_limit: cycle, max_session_acu_limit: session });
  }
  return eachOnce(found).map(listed);
}

async function fromV3({ devin, log }: ListContext): Promise<Listed[]> {
  const { organizations, ownOnly } = await visibleOrganizations(devin);
  if (ownOnly) log.info('The credential belongs to one organization, and cannot list others.');
  return organizations.map(listed);
}

/** Rows of a matrix: one organization each, or groups of `size` with their ids and names joined by commas. */
export function matrixOf(listed: readonly Pick<Listed, 'org_id' | 'org_name'>[], size = 1) {
  const include = [];
  for (let at = 0; at < listed.length; at += size) {
    const group = listed.slice(at, at + size);
    include.push({
      org_id: group.map(({ org_id: id }) => id).join(','),
      org_name: group.map(({ org_name: name }) => name).join(', '),
    });
  }
  return { include };
}

const limit = (acus: number | null) => (acus === null ? 'none' : number(acus));

function summaryOf(listed: readonly Listed[], jobs: number): string {
  const rows = listed.map((row) => [
    nameOrId(row.org_name),
    limit(row.max_cycle_acu_limit),
    limit(row.max_session_acu_limit),
    code(row.org_id),
  ]);
  return sections(
    title('done', `${count(listed.length, 'organization')} in a matrix of ${count(jobs, 'job')}`),
    listed.length === 0 ? '' : table(['Organization', 'ACU limit per cycle', 'ACU limit per session', 'ID'], rows),
  );
}

/** Lists the organizations that the credential sees, also as a matrix: the way to scale past one runner. */
export const listOrganizationsOperation = operation({
  name: 'list-organizations',
  summary: 'Lists the organizations that the credential can see, and provides a matrix with one job for each.',
  inputs: ['matrix_size'],
  required: [],
  outputs: ['organizations', 'count', 'matrix'],
  permissions: [{ all: ['ManageOrganizations'], for: ['all_organizations'] }],
  versions: ['v3', 'v2'],
  prepare: nothingToPrepare,
  async run(context) {
    const listed = (await (context.version === 'v2' ? fromV2(context) : fromV3(context))).sort(byName);
    const matrix = matrixOf(listed, context.inputs.matrix_size);
    const jobs = matrix.include.length;
    context.log.info(`${count(listed.length, 'organization')}, ${count(jobs, 'job')}`);
    if (jobs > MAX_JOBS) {
      const size = Math.ceil(listed.length / MAX_JOBS);
      throw new ActionError(
        'input_invalid',
        `A matrix of ${jobs} jobs is more than the ${MAX_JOBS} that GitHub starts.`,
        {
          fix: `Set \`matrix_size\` to ${size} or more, so that a job gets a group of organizations.`,
        },
      );
    }
    return {
      outcome: 'success',
      data: { organizations: listed, count: listed.length, matrix },
      summary: summaryOf(listed, jobs),
    };
  },
});
