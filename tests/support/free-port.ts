/**
 * Ports for servers that start later, or start again after a kill. They lie outside the range that the system assigns by itself. A lock
 * file for each port in the temporary folder reserves the port among all test processes.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Linux assigns ports from 32,768 by itself. */
const FIRST = 20_000;
const COUNT = 12_000;
/** Test runs with different TMPDIR share it. */
const FOLDER = join(process.platform === 'linux' ? '/tmp' : tmpdir(), 'cordon-test-ports');

const taken: string[] = [];
let next = randomInt(COUNT);

/** Reserves a free port of 127.0.0.1 until this process ends. */
export async function freePort(): Promise<number> {
  if (taken.length === 0) {
    mkdirSync(FOLDER, { recursive: true });
    process.on('exit', () => taken.forEach((file) => void rmSync(file, { force: true })));
  }
  for (let tried = 0; tried < COUNT; tried += 1) {
    const port = FIRST + (next % COUNT);
    next += 1;
    if (reserve(join(FOLDER, String(port))) && (await isFree(port))) return port;
  }
  throw new Error('no port is free');
}

function reserve(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    taken.push(file);
    return true;
  } catch {
    // A killed worker leaves its lock files behind.
    if (!isAlive(file)) rmSync(file, { force: true });
    return false;
  }
}

function isAlive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
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
