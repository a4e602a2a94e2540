/** The share of a passcode: a device stores it for itself only, in the right form, and never reads it. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ask, type GatewayWorld, openGatewayWorld, TestLink } from '../../tests/support/gateway-world.ts';

const PATH = '/device/passcode-share';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());

it('case 15: stores the share of the device, and returns it only with a reset of its passcode', async () => {
  const [amina, bilal] = [await world.enroll(), await world.enroll()];
  const share = randomBytes(32).toString('base64');
  const put = (body: unknown) => ask(amina.tls, 'POST', PATH, JSON.stringify(body));
  for (const wrong of [{}, { share: 'short' }, { share, more: 1 }, { share: 'x'.repeat(2000) }]) {
    expect((await put(wrong)).status).toBeGreaterThanOrEqual(400);
  }
  expect([(await put({ share })).status, (await put({ share })).status]).toEqual([204, 204]);
  expect((await ask(amina.tls, 'GET', PATH)).status).toBe(404);

  for (const device of [amina.id, bilal.id]) {
    await world.commands.issue({ device, command: { kind: 'unlock-workspace' }, by: 'acc_a' });
    await world.commands.issue({ device, command: { kind: 'unlock-workspace', resetPasscode: true }, by: 'acc_a' });
  }
  const received = async ({ tls }: typeof amina) => {
    const link = await new TestLink(tls).hello();
    await expect.poll(() => link.frames.filter(({ kind }) => kind === 'command')).toHaveLength(2);
    // Commands of one millisecond have no order.
    return new Map(
      link.frames.flatMap((frame) =>
        frame.kind === 'command' ? [['resetPasscode' in frame.command, frame.shares ?? []] as const] : [],
      ),
    );
  };
  expect(await received(amina)).toEqual(
    new Map([
      [false, []],
      [true, [share]],
    ]),
  );
  expect(await received(bilal)).toEqual(
    new Map([
      [false, []],
      [true, []],
    ]),
  );
});

it('shows the state of the passcode that the device reports', async () => {
  const device = await world.enroll();
  const link = await new TestLink(device.tls).hello();
  link.send({ kind: 'report', seq: 1, item: { type: 'passcode', state: 'waiting', at: 1 } });
  await link.next('reports-stored');
  const stored = await world.devices.get(device.id);
  expect([stored.passcode, stored.workspace.state, stored.lifeCycle]).toEqual(['waiting', 'passcode', 'active']);
});
