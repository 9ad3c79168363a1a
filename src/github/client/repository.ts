/** `owner/name` as the two parameters that REST routes take. */
export function place(repository: string): { readonly owner: string; readonly repo: string } {
  const [owner = '', repo = ''] = repository.split('/');
  return { owner, repo };
}
