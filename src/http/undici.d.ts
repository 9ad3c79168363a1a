// undici's index also loads fetch, WebSocket, caches, and mocks, which triples the time of a start. The parts that
// connect.ts imports instead have no type declarations of their own.
declare module 'undici/lib/dispatcher/agent.js' {
  const Agent: typeof import('undici').Agent;
  export default Agent;
}
declare module 'undici/lib/dispatcher/env-http-proxy-agent.js' {
  const EnvHttpProxyAgent: typeof import('undici').EnvHttpProxyAgent;
  export default EnvHttpProxyAgent;
}
declare module 'undici/lib/dispatcher/dispatcher.js' {
  const Dispatcher: typeof import('undici').Dispatcher;
  export default Dispatcher;
}
declare module 'undici/lib/api/api-connect.js' {
  const connect: InstanceType<typeof import('undici').Dispatcher>['connect'];
  export default connect;
}
