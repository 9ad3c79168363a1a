import { listGitConnectionRepositories, listGitConnections } from '../../../devin/endpoints/git-providers.ts';
import { existing, type Handler } from '../../world/handler.ts';
import { lists } from '../../world/rows.ts';

/** Git connections and the repositories behind them. */
export const gitProviderHandlers: readonly Handler[] = [
  lists(listGitConnections, { table: (world) => world.state.connections }),
  lists(listGitConnectionRepositories, {
    table: (world) => world.state.repositories,
    guard: (world, { param }) => {
      existing(world.state.connections.get(param('connection_id')), 'Git connection');
    },
    where: ({ value }, { param, query }) =>
      value.git_connection_id === param('connection_id') &&
      value.repo_path.toLowerCase().includes((query.filter_name ?? '').toLowerCase()),
  }),
];
