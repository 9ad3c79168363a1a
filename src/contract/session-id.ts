const PREFIX = 'devin-';

/**
 * A session's id as paths need it: `devin-` and what the API calls it. Responses carry the bare id, and a bare id in a
 * path is rejected for some accounts. Applied twice it changes nothing. Case is kept.
 */
export const prefixedId = (id: string): string => (id.startsWith(PREFIX) ? id : `${PREFIX}${id}`);

/** A session's id without `devin-`, as it appears in the URL of its page. */
export const bareId = (id: string): string => (id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id);

/** Whether two ids name one session, each with or without its prefix. */
export const isSameSession = (a: string, b: string): boolean => bareId(a) === bareId(b);
