/** Queues of commands on a real agent process: commands that protect data do not wait for a script or an upload. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Command } from '../../shared/protocol/frames.ts';
import { type CommandId, newCommandId } from '../../shared/protocol/ids.ts';
import { AgentProcess } from '../../tests/support/agent-process.ts';
import { startAgentServer } from '../../tests/support/agent-server.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { signedScript } from '../../tests/support/signed-scripts.ts';
import { until } from '../../tests/support/until.ts';

const PATIENCE = 30_000;

let ca: ReturnType<typeof testAuthority>;
let server: Awaited<ReturnType<typeof startAgentServer>>;
let agent: AgentProcess;

beforeAll(async () => {
  ca = testAuthority();
  server = await startAgentServer(ca.authority);
  agent = new AgentProcess();
  await agent.enroll(server.link());
  agent.run();
  await agent.connected();
}, 60_000);
afterAll(async () => {
  await agent.remove();
  await server.close();
  ca.remove();
});

const reports = () => server.received.flatMap((frame) => (frame.kind === 'report' ? [frame.item] : []));
const resultOf = (id: CommandId) => reports().find((item) => item.type === 'result' && item.command === id);

function send(command: Command, more: object = {}): CommandId {
  const id = newCommandId();
  server.send({ kind: 'command', id, command, expires: Date.now() + 600_000, ...more });
  return id;
}

const done = (id: CommandId) => until(() => expect(resultOf(id)).toMatchObject({ outcome: 'done' }), PATIENCE);

it('a lock, a message and a wipe do not wait for a script of 60 seconds and an upload, nor these for each other', async () => {
  const { command, ...script } = signedScript('echo started; sleep 60', server.people.slice(0, 1), { seconds: 90 });
  const running = send(command, { signedScript: script });
  await until(() => {
    expect(reports()).toContainEqual(expect.objectContaining({ type: 'script-output', command: running }));
  }, PATIENCE);
  const log = send({ kind: 'collect-logs' });
  const refresh = send({ kind: 'refresh-inventory' });
  await until(() => expect(server.serve.logs).toHaveLength(1), PATIENCE);

  await done(send({ kind: 'lock-workspace' }, { shares: [randomBytes(32).toString('base64')] }));
  expect((await agent.status()).workspace).toBe('locked');
  await done(send({ kind: 'message', text: 'Your workspace is locked.' }));
  await done(send({ kind: 'wipe-workspace' }));
  expect((await agent.status()).workspace).toBe('wiped');
  expect([running, log, refresh].map(resultOf)).toEqual([undefined, undefined, undefined]);

  server.serve.logs[0]?.end();
  await done(log);
  await done(refresh);
  expect(resultOf(running)).toBeUndefined();
}, 120_000);
