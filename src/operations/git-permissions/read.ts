import { ActionError, asActionError } from '../../contract/errors.ts';
import { pool } from '../../contract/pool.ts';
import { count } from '../../report/units.ts';
import type { Context } from '../operation.ts';
import type { Observed } from './permission.ts';
import type { PermissionSource } from './source.ts';

/** Where Git permissions are kept, by the version that the credential is for. */
export async function openSource({ devin, version }: Pick<Context, 'devin' | 'version'>): Promise<PermissionSource> {
  if (version === 'v2') return (await import('./source-v2.ts')).sourceV2(devin);
  return (await import('./source-v3.ts')).sourceV3(devin);
}

/** Reads what every organization has. One that cannot be read is an error: nothing is planned by halves. */
export async function readObserved(
  { log, inputs }: Pick<Context, 'log'> & { readonly inputs: Pick<Context['inputs'], 'concurrency'> },
  source: PermissionSource,
  scopes: readonly { readonly id: string; readonly name: string }[],
): Promise<(readonly Observed[])[]> {
  const limit = pool(inputs.concurrency);
  const errors: { readonly name: string; readonly error: ActionError }[] = [];
  const rows = await Promise.all(
    scopes.map(({ id, name }) =>
      limit(async () => {
        if (errors.length > 0) return [];
        try {
          return await source.list(id);
        } catch (thrown) {
          errors.push({ name, error: asActionError(thrown) });
          return [];
        }
      }),
    ),
  );
  const [first] = errors;
  if (first !== undefined) {
    const { error, name } = first;
    throw new ActionError(
      error.code,
      `The permissions of ${name} cannot be read, so nothing was written. ${error.message}`,
      {
        fix: error.fix,
        title: error.title,
        list: error.list,
        cause: error,
      },
    );
  }
  const entries = rows.reduce((sum, one) => sum + one.length, 0);
  log.progress(`${count(entries, 'entry', 'entries')} of ${count(scopes.length, 'organization')} read`);
  return rows;
}
