import { afterAll } from 'vitest';
import { endAll } from './at-end.ts';

// Loaded anew for each file, unlike a helper that several files share: a hook of a helper would be that of the first only.
afterAll(endAll);
