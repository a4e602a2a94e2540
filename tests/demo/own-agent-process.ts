/**
 * The agent of this machine in the demo. It is the real command line, except that its wall clock follows the demo's clock. Otherwise, the
 * device would reject the server's time because its own clock contradicts it.
 */
import { main } from '../../agent/main.ts';
import { demoTime } from './demo-time.ts';

// The test helper `AgentProcess` passes the home folder as the first argument.
const [home = '', ...command] = process.argv.slice(3);

process.exitCode = await main(['--home', home, ...command], demoTime(home));
