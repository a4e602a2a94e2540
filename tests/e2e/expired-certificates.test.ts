/** Expired certificates, and names or ports that no longer match: what a server refuses, and what a device's user reads. Real processes. */
import { X509Certificate } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { fakeTime, fakeTimeLibrary } from '../support/fake-time.ts';
import { freePort } from '../support/free-port.ts';
import { startServerProcess } from '../support/server-process.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

const { present: hasFakeTime } = needed('faketime', 'apt-get install faketime', fakeTimeLibrary() !== null);

let world: World;
let agent: AgentProcess;
/** A device that enrolled before the clock of any server was wrong. */
let device: AgentProcess;
beforeAll(async () => {
  world = await openWorld({ CORDON_NAMES: 'localhost,127.0.0.1,new.example.org' });
  agent = await world.enrolled();
  device = await world.enrolled();
  agent.run();
  await agent.connected();
}, 120_000);
afterAll(() => world.remove());

/** Output of `status` after the daemon failed to connect. */
const told = async (of: AgentProcess, words: RegExp) =>
  until(async () => expect((await of.cli(['status'])).out).toMatch(words), 30_000);

describe('CORDON_NAMES', () => {
  const without = { CORDON_NAMES: '127.0.0.1,new.example.org' };

  it('cannot lose a name that devices use, unless the admin gives the name in a flag', {
    timeout: 180_000,
  }, async () => {
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
    // The name is removed for good, so the next start does not need the flag.
    await world.server.stop();
    await world.server.start(without);
    await world.server.stop();
    await world.server.start();
    await agent.connected(60_000);
  });
});

describe('the ports and addresses for devices', () => {
  it('cannot change while devices use them, unless the admin accepts the change once', {
    timeout: 180_000,
  }, async () => {
    await world.server.stop();
    const port = await freePort();
    const moved = { CORDON_DEVICE_PORT: String(port) };
    const before = String(new URL(world.server.device).port);
    await expect(world.server.start(moved)).rejects.toThrow(
      new RegExp(
        `CORDON_DEVICE_PORT was ${before} and is now ${port}. .*could not connect any more. .*CORDON_DROP_LISTENERS=device:${before}`,
      ),
    );
    await expect(world.server.start({ CORDON_BIND: '127.0.0.2' })).rejects.toThrow(
      /CORDON_DROP_LISTENERS=bind:127.0.0.1/,
    );
    await world.server.start();
    await agent.connected(60_000);

    await world.server.stop();
    await world.server.start({ ...moved, CORDON_DROP_LISTENERS: `device:${before}` });
    // The accepted port is now the recorded one, so the next start does not need the variable.
    await world.server.stop();
    await world.server.start(moved);
    await world.server.stop();
    await world.server.start({ CORDON_DROP_LISTENERS: `device:${port}` });
    await agent.connected(60_000);
  });
});

describe.skipIf(!hasFakeTime)('a device whose certificate has expired', () => {
  it('tells its user the expiry date, and how to enroll again', { timeout: 90_000 }, async () => {
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
        `certificate expired on ${day}. The device cannot connect. .*cordon-agent enroll --replace, and paste the link`,
      ),
    );
    await late.stop();
  });
});

const day = (at: number) => new Date(at).toISOString().slice(0, 10);
/** Certificate that the server created for its listeners. */
const serverCertificate = () => new X509Certificate(readFileSync(join(world.server.home, 'keys', 'server.crt')));

describe.skipIf(!hasFakeTime)('a server whose certificate has expired', () => {
  it('the user of a device reads which certificate, when it expired, and the remedy', {
    timeout: 120_000,
  }, async () => {
    await world.server.stop();
    // A server whose clock is behind by more than a certificate's life creates this certificate, and considers it valid.
    const days = 400;
    rmSync(join(world.server.home, 'keys', 'server.crt'));
    const then = new Date(Date.now() - days * 86_400_000).toISOString();
    await world.server.start({ ...fakeTime(`-${days}d`), CORDON_ACCEPT_CLOCK: then });
    const expired = Date.parse(serverCertificate().validTo);
    expect(expired).toBeLessThan(Date.now());

    device.run();
    await told(
      device,
      new RegExp(
        `connection   waiting: The certificate of the server at localhost expired on ${day(expired)}. This machine's clock shows ${day(Date.now())}. The device cannot connect. .*tell your admin to check the server's clock and to restart the server.`,
      ),
    );

    await world.server.stop();
    rmSync(join(world.server.home, 'keys', 'server.crt'));
    await world.server.start({ CORDON_ACCEPT_CLOCK: new Date().toISOString() });
    await device.connected(60_000);
    await device.stop();
  });
});

describe('another installation at the address of the server', () => {
  it('the user of a device reads this, with the date of the certificate and the remedy', {
    timeout: 120_000,
  }, async () => {
    const device = await world.enrolled();
    await world.server.stop();
    const other = await startServerProcess({
      ...Object.fromEntries(Object.entries(world.server.env).filter(([name]) => name.endsWith('_PORT'))),
    });
    try {
      device.run();
      const certificate = new X509Certificate(readFileSync(join(other.home, 'keys', 'server.crt')));
      await told(
        device,
        new RegExp(
          `The certificate of the server at localhost is from another certificate authority than this device's \\(.+\\). It is valid until ${day(Date.parse(certificate.validTo))}. The device does not connect, .* Tell your admin. If the organization has a new server, ask for an activation link.`,
        ),
      );
    } finally {
      await other.remove();
    }
    await world.server.start();
    await device.connected(60_000);
    await device.stop();
  });
});
