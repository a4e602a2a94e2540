/**
 * The agent of this machine in the demo. It is the real command line, except that its wall clock follows the demo's clock: a device holds a
 * server's time that its own wall clock contradicts.
 */
import { readFileSync } from 'node:fs';
import { machineTime } from '../../agent/daemon.ts';
import { main } from '../../agent/main.ts';
import { aheadFileOf } from './ahead.ts';

// `AgentProcess` passes the home first.
const [home = '', ...command] = process.argv.slice(3);
const file = aheadFileOf(home);

process.exitCode = await main(['--home', home, ...command], {
  ...machineTime(),
  wall: () => Date.now() + Number(readFileSync(file, 'utf8')),
});
