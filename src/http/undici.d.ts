// undici's index also loads fetch, WebSocket, caches, and mocks, which triples the time of a start. The part that
// connect.ts imports instead has no type declaration of its own.
declare module 'undici/lib/dispatcher/agent.js' {
  const Agent: typeof import('undici').Agent;
  export default Agent;
}
