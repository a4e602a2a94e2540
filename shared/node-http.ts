/**
 * Functions of `node:http`. An import of `node:http` reads every export of that module, and its export `WebSocket` then loads undici, which
 * costs 50 ms of CPU time and 15 MiB of memory. `getBuiltinModule` reads no export. Types may come from `node:http` itself.
 */
export const { Agent, createServer, get, request, STATUS_CODES } = process.getBuiltinModule('node:http');
