export { isRecord } from '../contract/json.ts';
