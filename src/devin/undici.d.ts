// undici's index loads fetch, WebSocket, caches and mocks as well, which triples what a start costs. Its parts, which
// transport.ts imports instead, have no type declarations of their own.
declare module 'undici/lib/dispatcher/agent.js' {
  const Agent: typeof import('undici').Agent;
  export default Agent;
}
declare module 'undici/lib/dispatcher/env-http-proxy-agent.js' {
  const EnvHttpProxyAgent: typeof import('undici').EnvHttpProxyAgent;
  export default EnvHttpProxyAgent;
}
