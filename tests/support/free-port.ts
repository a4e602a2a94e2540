/**
 * Ports for servers that start later, or again after a kill: none that the system gives to whoever asks for any, and in each worker others, so that
 * nobody else listens there meanwhile.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what any system gives out by itself: Linux begins at 32,768. */
const FIRST = 20_000;
const EACH = 3000;
const WORKERS = 4;

const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % WORKERS;
let next = randomInt(EACH);

/** Of 127.0.0.1; each call gives another one. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < EACH; tried += 1) {
    const port = FIRST + worker * EACH + (next % EACH);
    next += 1;
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen(port, '127.0.0.1');
  try {
    await once(probe, 'listening');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
  await new Promise((closed) => probe.close(closed));
  return true;
}
