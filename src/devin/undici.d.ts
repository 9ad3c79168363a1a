// undici's index loads fetch, WebSocket, caches and mocks as well, which triples what a start costs. The part that
// transport.ts imports instead has no type declaration of its own.
declare module 'undici/lib/dispatcher/agent.js' {
  const Agent: typeof import('undici').Agent;
  export default Agent;
}
