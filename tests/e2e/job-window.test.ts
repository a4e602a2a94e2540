/** Windows and late cancellation of commands on a real agent, in a time zone in which it is another time of day than on the server. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { commandList, commandView, issuedToMany } from '../../shared/api/commands.ts';
import { jobView } from '../../shared/api/jobs.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { until } from '../support/until.ts';

/** Fourteen hours ahead of UTC. */
const ZONE = 'Etc/GMT-14';
const AHEAD = 14;

let world: World;
let agent: AgentProcess;

beforeAll(async () => {
  world = await openWorld();
  agent = await world.enrolled({ TZ: ZONE });
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(() => world?.remove());

/** Window of two hours around the present time of a clock that is `ahead` hours ahead of UTC. */
function windowAt(ahead: number): { from: string; to: string } {
  const hour = (offset: number) => String((new Date().getUTCHours() + ahead + offset + 48) % 24).padStart(2, '0');
  return { from: `${hour(-1)}:00`, to: `${hour(2)}:00` };
}

it('the device runs a command in a window of its own time, and can cancel a command that waits for its window', async () => {
  const { as, owner } = world.operator;
  const issue = (window: object) =>
    as(owner, 'POST', '/commands', issuedToMany, {
      command: { kind: 'refresh-inventory' },
      devices: [agent.device],
      window,
    });
  const commandOf = async (job: string) => {
    const { commands } = await as(owner, 'GET', `/devices/${agent.device}/commands`, commandList);
    const found = commands.find((command) => command.job === job);
    if (!found) throw new Error(`the device has no command of the job ${job}`);
    return found;
  };
  // The window is open by the server's time, but not by the device's.
  const waiting = await issue(windowAt(0));
  await until(async () => expect((await commandOf(waiting.id)).state).toBe('stored'), 20_000);
  const open = await issue(windowAt(AHEAD));
  await until(async () => expect((await commandOf(open.id)).state).toBe('done'), 20_000);
  const { id, state } = await commandOf(waiting.id);
  expect(state).toBe('stored');

  const asked = await as(owner, 'DELETE', `/commands/${id}`, commandView);
  expect(asked.cancelRequestedAt).not.toBeNull();
  expect(await world.finished(id)).toMatchObject({
    state: 'canceled',
    detail: 'The command was canceled before the device started it.',
  });
  await expect(as(owner, 'DELETE', `/commands/${(await commandOf(open.id)).id}`, commandView)).rejects.toMatchObject({
    code: 'command_finished',
  });

  // An abortion reaches a command that waits on the device, also after a new connection.
  const aborted = await issue(windowAt(0));
  await until(async () => expect((await commandOf(aborted.id)).state).toBe('stored'), 20_000);
  await agent.stop();
  const job = await as(owner, 'POST', `/jobs/${aborted.id}/abort`, jobView, { reason: 'wrong night' });
  expect([job.state, job.counts.stored]).toEqual(['aborted', 1]);
  agent.run();
  await until(async () => expect((await commandOf(aborted.id)).state).toBe('canceled'), 30_000);
}, 120_000);
