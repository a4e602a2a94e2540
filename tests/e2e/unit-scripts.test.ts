/** Scripts of an agent that systemd starts with the shipped unit: the sandbox of the unit and the isolation of the script work together. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { startAgentServer } from '../support/agent-server.ts';
import { testAuthority } from '../support/enrollment.ts';
import { signedScript } from '../support/signed-scripts.ts';
import { type SystemdMachine, startSystemdMachine, systemdMachines } from '../support/systemd-machine.ts';
import { until } from '../support/until.ts';

const LINK_FILE = '/etc/cordon-agent/activation-link';
const KEY = '/var/lib/private/cordon-agent/identity/key.pem';

describe.skipIf(!systemdMachines.present)('a script under the unit of the agent', { timeout: 120_000 }, () => {
  let machine: SystemdMachine;
  let ca: ReturnType<typeof testAuthority>;
  let server: Awaited<ReturnType<typeof startAgentServer>>;

  beforeAll(async () => {
    ca = testAuthority();
    server = await startAgentServer(ca.authority);
    machine = await startSystemdMachine();
    await machine.done('cp agent/cordon-agent.service agent/cordon-agent-enroll.service /etc/systemd/system/');
    machine.write(LINK_FILE, server.link(), 0o600);
    await machine.done('systemctl start cordon-agent-enroll');
    const log = 'journalctl --output=cat _SYSTEMD_UNIT=cordon-agent.service';
    await until(async () => expect(await machine.done(log)).toContain('"state":"connected"'), 60_000, 250);
  }, 120_000);
  afterAll(async () => {
    await machine?.remove();
    await server?.close();
    ca?.remove();
  });

  async function run(text: string, more: Parameters<typeof signedScript>[2] = {}) {
    const { command, ...script } = signedScript(text, server.people.slice(0, 1), more);
    const id = newCommandId();
    server.send({ kind: 'command', id, command, signedScript: script, expires: Date.now() + 600_000 });
    const items = () => server.received.flatMap((frame) => (frame.kind === 'report' ? [frame.item] : []));
    const result = await until(() => {
      const found = items().find((item) => item.type === 'result' && item.command === id);
      if (found?.type !== 'result') throw new Error('no result');
      return found;
    }, 60_000);
    const output = items().flatMap((item) => (item.type === 'script-output' && item.command === id ? item.text : []));
    return { ...result, output: output.join('') };
  }

  /** Lines of a script. Each of the first must fail, and each of the others must succeed. */
  const FORBIDDEN = {
    'read the key': `cat ${KEY}`,
    'list the folder of the agent': 'ls /var/lib/private/cordon-agent',
    'write to /tmp': 'touch /tmp/probe',
    'change the script': 'echo >>"$0"',
    'follow the folder of the agent': 'readlink /proc/$PPID/cwd',
    'use a Unix socket': "python3 -c 'import socket; socket.socket(socket.AF_UNIX)'",
    'make a namespace': 'unshare --user true',
    'change the mark': 'ulimit -w 0 || ulimit -x 0',
  };
  const ALLOWED = {
    'write into its folder': 'echo own >own && test "$(cat own)" = own',
    'read system files': 'cat /etc/hosts && ls /usr/bin',
    'use IP': "python3 -c 'import socket; socket.socket(socket.AF_INET)'",
    'end a program after a time': 'timeout 0.1 sleep 60; test $? = 124',
  };

  it('is isolated and works', async () => {
    expect(await machine.done(`cat ${KEY}`)).toContain('PRIVATE KEY');
    const lines = Object.entries({ ...FORBIDDEN, ...ALLOWED }).map(
      ([what, line]) => `( ${line} ) >/dev/null 2>&1 && echo '${what}'`,
    );
    const { output, detail } = await run([...lines, 'exit 0'].join('\n'));
    expect([detail, output.trim().split('\n')]).toEqual([expect.stringContaining('exit code 0'), Object.keys(ALLOWED)]);
  });

  it('ends at its deadline, with the processes that left it', async () => {
    const text = 'for i in "env -i setsid" setsid ""; do $i sleep 300 & echo $!; done; sleep 300';
    const { output, detail } = await run(text, { seconds: 1 });
    expect(detail).toContain('ran longer than 1 seconds');
    expect(output).toMatch(/^(\d+\n){3}$/);
    await until(async () => {
      const states = await machine.shell(`ps -o pid,stat,args -p ${output.trim().replaceAll('\n', ',')} | grep -v Z`);
      expect(states.out).not.toContain('sleep');
    }, 10_000);
    expect(await machine.property('cordon-agent', 'NRestarts')).toBe('0');
  });
});
