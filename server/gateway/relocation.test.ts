import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { type GatewayWorld, openGatewayWorld, type TestDevice, TestLink } from '../../tests/support/gateway-world.ts';
import { until } from '../../tests/support/until.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();

describe('change of the IP database', () => {
  const addresses = (link: TestLink) => link.frames.flatMap((frame) => (frame.kind === 'address' ? [frame.areas] : []));
  const activate = (areas: string | null) => {
    world.ip.areas = areas === null ? null : [parseHomeArea(areas)];
    world.ip.use += 1;
    world.located.length = 0;
    world.bus.publish({ kind: 'ip-database' });
  };

  it('sends a moved device its new areas once, and sends nothing to a device whose areas are unchanged', async () => {
    const [device, other] = [await world.enroll(), await world.enroll()];
    const [link, otherLink] = [await connected(device), await connected(other)];
    otherLink.socket.close();
    await otherLink.closed;
    activate('IN');
    await until(() => expect(addresses(link)).toEqual([['PK'], ['IN']]));
    expect(world.located).toEqual([device.id]);
    // A repeated wake finds no session whose areas come from an earlier database.
    world.bus.publish({ kind: 'ip-database' });
    activate(null);
    await until(() => expect(world.located).toEqual([device.id]));
    expect([addresses(link), addresses(otherLink)]).toEqual([[['PK'], ['IN']], [['PK']]]);
    await until(() => expect(world.gateway.relocating()).toBeNull());
    link.socket.close();
    await link.closed;
  });

  it('updates the areas of a device that connects during the activation', async () => {
    const device = await world.enroll();
    const link = new TestLink(device.tls);
    await link.opened;
    activate('IN');
    await link.hello();
    await until(() => expect(addresses(link)).toEqual([['PK'], ['IN']]));
    link.socket.close();
    await link.closed;
  });
});
