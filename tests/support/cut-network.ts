/**
 * A machine behind a cable that a test can cut: a network namespace and a pair of virtual interfaces. A cut drops packets without a FIN,
 * RST or ICMP message, as a broken radio link does. Requires root on Linux.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { needed } from './tools.ts';

/** For `describe.skipIf(!cutNetworks.present)`. */
export const cutNetworks = needed(
  'a network to cut',
  'run as root on Linux with iproute2',
  process.platform === 'linux' && process.getuid?.() === 0 && namespacesWork(),
);

/** Direction of the dropped packets, seen from the machine behind the cable. */
export type Direction = 'received' | 'sent' | 'both';

export interface CutNetwork {
  /** Address at the test's end of the cable. */
  readonly near: string;
  /** Address of the machine behind the cable. The function `move` changes it. */
  readonly far: string;
  /** Prefix of a command line that runs the command behind the cable. */
  readonly inside: readonly string[];
  cut(direction: Direction): void;
  mend(): void;
  /** Gives the machine another address and removes the old one, as at a change from Wi-Fi to a mobile network. */
  move(): void;
  remove(): void;
}

export function openCutNetwork(): CutNetwork {
  const id = randomBytes(4).toString('hex');
  const [space, nearEnd, farEnd] = [`cordon-${id}`, `cn${id}`, `cf${id}`];
  // Eight random addresses of the benchmark range (RFC 2544), which no real network uses.
  const [second, third, base] = [randomInt(18, 20), randomInt(256), 8 * randomInt(32)];
  const address = (host: number) => `198.${second}.${third}.${base + host}`;
  const near = address(1);
  let far = address(2);
  const remove = () => {
    // The kernel removes the interfaces with their namespace.
    spawnSync('ip', ['netns', 'delete', space]);
    spawnSync('ip', ['link', 'delete', nearEnd]);
  };
  const inside = ['ip', 'netns', 'exec', space];
  const behind = (...args: string[]) => run('ip', '-n', space, ...args);
  const macOf = (...where: string[]): string => JSON.parse(run('ip', ...where))[0].address;
  try {
    run('ip', 'netns', 'add', space);
    run('ip', 'link', 'add', nearEnd, 'type', 'veth', 'peer', 'name', farEnd, 'netns', space);
    run('ip', 'address', 'add', `${near}/29`, 'dev', nearEnd);
    run('ip', 'link', 'set', nearEnd, 'up');
    behind('address', 'add', `${far}/29`, 'dev', farEnd);
    behind('link', 'set', farEnd, 'up');
    behind('link', 'set', 'lo', 'up');
    behind('route', 'add', 'default', 'via', near);
    // Without permanent neighbor entries, the kernel would detect the cut and report it to the programs.
    const farMac = macOf('-n', space, '-j', 'link', 'show', farEnd);
    for (const host of [2, 3]) {
      run('ip', 'neighbor', 'replace', address(host), 'lladdr', farMac, 'dev', nearEnd, 'nud', 'permanent');
    }
    const nearMac = macOf('-j', 'link', 'show', nearEnd);
    behind('neighbor', 'replace', near, 'lladdr', nearMac, 'dev', farEnd, 'nud', 'permanent');
  } catch (error) {
    remove();
    throw error;
  }
  const drop = (what: Direction, verb: string): void => {
    const rule = ['qdisc', verb, 'dev'];
    if (what !== 'sent') run('tc', ...rule, nearEnd, 'root', 'blackhole');
    if (what !== 'received') run('tc', '-n', space, ...rule, farEnd, 'root', 'blackhole');
  };
  let dropped: Direction | null = null;
  const mend = () => {
    if (dropped) drop(dropped, 'delete');
    dropped = null;
  };
  return {
    near,
    get far() {
      return far;
    },
    inside,
    cut(direction) {
      mend();
      drop(direction, 'add');
      dropped = direction;
    },
    mend,
    move() {
      behind('address', 'delete', `${far}/29`, 'dev', farEnd);
      far = address(3);
      behind('address', 'add', `${far}/29`, 'dev', farEnd);
      behind('route', 'replace', 'default', 'via', near);
    },
    remove,
  };
}

/** Number of TCP connections to that address that this machine's kernel still considers established. */
export function establishedWith(address: string): number {
  return run('ss', '-Htn', 'state', 'established', 'dst', address).split('\n').filter(Boolean).length;
}

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

/** Root in a container may lack the right to create a network namespace. */
function namespacesWork(): boolean {
  const name = `cordon-probe-${randomBytes(4).toString('hex')}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  spawnSync('ip', ['netns', 'delete', name]);
  return made;
}
