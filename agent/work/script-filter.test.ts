/** Decisions of the filter on both architectures, by a small interpreter of its program. The kernel's own are in script-attacks.test.ts. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { needed } from '../../tests/support/tools.ts';
import { ABSENT, REFUSED, scriptFilter } from './script-filter.ts';

/** Headers of the kernel with the numbers of its system calls. arm64 uses the generic numbers. */
const HEADERS = {
  x64: '/usr/include/x86_64-linux-gnu/asm/unistd_64.h',
  arm64: '/usr/include/asm-generic/unistd.h',
} as const;
const headers = needed(
  'numbers of system calls',
  'apt install linux-libc-dev on x64',
  Object.values(HEADERS).every((file) => existsSync(file)),
);

const AUDIT = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
type Architecture = keyof typeof AUDIT;
const SOCKET = { x64: 41, arm64: 198 } as const;
const KILL = { x64: 62, arm64: 129 } as const;
const PTRACE = { x64: 101, arm64: 117 } as const;
const UTIMENSAT = { x64: 280, arm64: 88 } as const;
const PRLIMIT64 = { x64: 302, arm64: 261 } as const;
const SETRLIMIT = { x64: 160, arm64: 164 } as const;
const FSETXATTR = { x64: 190, arm64: 7 } as const;
const READ = { x64: 0, arm64: 63 } as const;

/** Runs the program for one system call. Returns its result: allowed, killed, or an error number. */
function decide(architecture: Architecture, number: number, args: readonly number[], more: { audit?: number } = {}) {
  const program = Buffer.from(scriptFilter(architecture, true) ?? []);
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(more.audit ?? AUDIT[architecture], 4);
  for (const [index, value] of args.entries()) data.writeBigUInt64LE(BigInt(value), 16 + 8 * index);
  let loaded = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [code, value] = [program.readUInt16LE(at), program.readUInt32LE(at + 4)];
    const jump = (isTrue: boolean) => 8 * program.readUInt8(at + (isTrue ? 2 : 3));
    if (code === 0x20) loaded = data.readUInt32LE(value);
    else if (code === 0x54) loaded = (loaded & value) >>> 0;
    else if (code === 0x15) at += jump(loaded === value);
    else if (code === 0x35) at += jump(loaded >= value);
    else if (code === 0x45) at += jump((loaded & value) !== 0);
    else if (code === 0x06)
      return value === 0x7fff_0000 ? 'allowed' : value === 0x8000_0000 ? 'killed' : value & 0xffff;
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error('the program ended without a result');
}

it.each(['x64', 'arm64'] as const)('refuses Unix sockets, signals and tracing on %s', (architecture) => {
  const of = (call: Readonly<Record<Architecture, number>>, ...args: number[]) =>
    decide(architecture, call[architecture], args);
  expect(of(SOCKET, 1, 1, 0)).toBe(13);
  // The kernel reads the lower half of the argument only.
  expect(of(SOCKET, 0x1_0000_0001, 1, 0)).toBe(13);
  expect(of(SOCKET, 2, 1, 0)).toBe('allowed');
  expect(of(SOCKET, 16, 3, 0)).toBe('allowed');
  expect(of(SOCKET, 16, 3, 15)).toBe(13);
  expect(of(KILL, 1, 10)).toBe(1);
  expect(of(KILL, 1, 15)).toBe('allowed');
  expect(of(PTRACE, 16)).toBe(1);
  expect(of(READ)).toBe('allowed');
  expect(decide(architecture, READ[architecture], [], { audit: 0x4000_0003 })).toBe('killed');
  expect(decide(architecture, 0x4000_0000 + SOCKET[architecture], [1])).toBe('killed');
});

it('has no filter for an architecture whose numbers it does not know', () => {
  expect(scriptFilter('riscv64', true)).toBeNull();
});

it.each(['x64', 'arm64'] as const)('allows times and limits of the script itself only on %s', (architecture) => {
  const of = (call: Readonly<Record<Architecture, number>>, ...args: number[]) =>
    decide(architecture, call[architecture], args);
  expect(of(UTIMENSAT, 3, 0)).toBe('allowed');
  for (const path of [1, 0x1_0000_0000]) expect(of(UTIMENSAT, 3, path)).toBe(1);
  const [files, locks] = [7, 10];
  expect(of(PRLIMIT64, 0, files, 1)).toBe('allowed');
  expect(of(PRLIMIT64, 1, files, 0)).toBe(1);
  expect(of(PRLIMIT64, 0, locks, 0)).toBe('allowed');
  for (const limit of [1, 0x1_0000_0000]) expect(of(PRLIMIT64, 0, locks, limit)).toBe(1);
  expect([of(SETRLIMIT, files), of(SETRLIMIT, locks)]).toEqual(['allowed', 1]);
  expect(of(FSETXATTR)).toBe(95);
});

describe.skipIf(!headers.present).each(['x64', 'arm64'] as const)('on %s', (architecture) => {
  const lines = headers.present ? readFileSync(HEADERS[architecture], 'utf8') : '';
  const numbers = new Map(
    [...lines.matchAll(/^#define __NR(?:3264)?_(?!syscalls)(\w+)\s+(\d+)$/gm)].map(([, name = '', number]) => [
      name,
      Number(number),
    ]),
  );

  it('the filter refuses the calls by the numbers of the kernel', () => {
    const newest = Math.max(...numbers.values());
    const refused: Readonly<Record<string, readonly [number, number | null]>> = {
      ...Object.assign({}, ...Object.values(REFUSED)),
      ...ABSENT,
    };
    for (const [name, [x64, arm64]] of Object.entries(refused)) {
      const number = architecture === 'x64' ? x64 : arm64;
      // The headers may be older than a call.
      if (number === null || number <= newest) expect([name, number]).toEqual([name, numbers.get(name) ?? null]);
    }
  });

  it('the filter refuses every call of the families of System V and of message queues', () => {
    // Only 32-bit architectures have the calls with time64.
    const family = [...numbers].filter(([name]) => /^(shm|sem|msg|mq_)(?!.*time64)/.test(name));
    expect(family).toHaveLength(18);
    for (const [name, number] of family) expect([name, decide(architecture, number, [])]).toEqual([name, 1]);
  });
});
