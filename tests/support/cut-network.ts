/**
 * A machine behind a cable that a test can cut: a network namespace and a pair of virtual interfaces. A cut drops packets without a sign to
 * either end, as a dead radio link does: no FIN, no RST, no ICMP. Linux, as root.
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

/** Seen from the machine behind the cable: packets that it is to receive, packets that it sends, or both. */
export type Direction = 'received' | 'sent' | 'both';

export interface CutNetwork {
  /** Address of this side of the cable. */
  readonly near: string;
  /** Address of the machine behind the cable; changes with `move`. */
  readonly far: string;
  /** In front of a command line, so that it runs behind the cable. */
  readonly inside: readonly string[];
  cut(direction: Direction): void;
  mend(): void;
  /** Gives the machine another address: the old one no longer exists, as after a change from Wi-Fi to a mobile network. */
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
    // The interfaces go with the namespace.
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
    // Without fixed neighbors the kernel would learn of the cut by itself, and tell the programs.
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

/** Established TCP connections of this machine with that address: what its kernel still takes for open. */
export function establishedWith(address: string): number {
  return run('ss', '-Htn', 'state', 'established', 'dst', address).split('\n').filter(Boolean).length;
}

const run = (program: string, ...args: string[]): string => execFileSync(program, args, { encoding: 'utf8' });

/** A container may have root without the right to make a network. */
function namespacesWork(): boolean {
  const name = `cordon-probe-${randomBytes(4).toString('hex')}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  spawnSync('ip', ['netns', 'delete', name]);
  return made;
}
