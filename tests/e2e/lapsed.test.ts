/** Certificates and names that no longer fit: what a server refuses, and what a device's user reads. Real processes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { fakeTime, fakeTimeLibrary } from '../support/fake-time.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const { present: hasFakeTime } = needed('faketime', 'apt-get install faketime', fakeTimeLibrary() !== null);

let world: World;
let agent: AgentProcess;
beforeAll(async () => {
  world = await openWorld({ CORDON_NAMES: 'localhost,127.0.0.1,new.example.org' });
  agent = await world.enrolled();
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(() => world.remove());

/** What a user reads; the daemon has tried and failed. */
const told = async (of: AgentProcess, words: RegExp) =>
  until(async () => expect((await of.cli(['status'])).out).toMatch(words), 30_000);

describe('CORDON_NAMES', () => {
  const without = { CORDON_NAMES: '127.0.0.1,new.example.org' };

  it('cannot lose a name that devices use, unless the admin names it', { timeout: 90_000 }, async () => {
    await world.server.stop();
    await expect(world.server.start(without)).rejects.toThrow(
      /CORDON_NAMES no longer has localhost \(last used on .*could not connect any more.*CORDON_DROP_NAMES=localhost/,
    );
    await expect(world.server.start({ ...without, CORDON_DROP_NAMES: 'new.example.org' })).rejects.toThrow(
      /no longer has localhost/,
    );
    await world.server.start();
    await agent.connected(30_000);

    await world.server.stop();
    await world.server.start({ ...without, CORDON_DROP_NAMES: 'localhost' });
    await told(agent, /The server's certificate is not for the name localhost. The device does not connect/);
    // The name is given up for good: the flag is not needed again.
    await world.server.stop();
    await world.server.start(without);
    await world.server.stop();
    await world.server.start();
    await agent.connected(60_000);
  });
});

describe.skipIf(!hasFakeTime)("a device's own certificate has expired", () => {
  it('and its user reads when, and how to enroll again', { timeout: 90_000 }, async () => {
    await agent.stop();
    const { certificateExpires } = await agent.status();
    const days = Math.ceil((certificateExpires - Date.now()) / 86_400_000) + 20;
    await world.server.stop();
    const then = new Date(Date.now() + days * 86_400_000).toISOString();
    await world.server.start({ ...fakeTime(`+${days}d`), CORDON_ACCEPT_CLOCK: then });
    const late = new AgentProcess(fakeTime(`+${days}d`), agent.home);
    late.run();
    const day = new Date(certificateExpires).toISOString().slice(0, 10);
    await told(
      late,
      new RegExp(
        `certificate expired on ${day}. The device cannot connect. .*cordon-agent enrol --replace, and paste the link`,
      ),
    );
    await late.stop();
  });
});
