import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { type Denial, SERVICES, type Service, type ServiceVerdict, type Verdict } from '../../shared/verdict/terms.ts';
import { createDatagrams, type Datagram, type DatagramPorts } from './datagrams.ts';

const ALLOWED: ServiceVerdict = { allowed: true, denials: [], reasons: ['no_order'] };
const denied = (...denials: Denial[]): ServiceVerdict => ({
  allowed: false,
  denials,
  reasons: denials.flatMap(({ reasons }) => reasons),
});
const order = (number: string, ...reasons: Denial['reasons'][number][]): Denial => ({
  order: number,
  revision: 1,
  reasons,
});
const ANSWER_WITHIN = 20_000;

function setUp() {
  const [amina, bilal, carla] = [newDeviceId(), newDeviceId(), newDeviceId()];
  const says = {
    online: new Set<DeviceId>([amina, bilal, carla]),
    services: new Map<DeviceId, Partial<Record<Service, ServiceVerdict>>>([amina, bilal, carla].map((id) => [id, {}])),
  };
  const delivered: { to: DeviceId; frame: Parameters<DatagramPorts['deliver']>[1] }[] = [];
  const relay = createDatagrams({
    verdict: async (device): Promise<Verdict> => {
      const given = says.services.get(device);
      if (!given) throw new CordonError('device_unknown', `There is no device ${device}.`);
      const [enrolment, management, messaging, mail] = SERVICES.map((service) => given[service] ?? ALLOWED);
      if (!enrolment || !management || !messaging || !mail) throw new Error('a service without a verdict');
      return { services: { enrolment, management, messaging, mail }, nextChange: null };
    },
    appealOf: (number) => `the desk for ${number}`,
    deliver: (to, frame) => {
      if (!says.online.has(to)) return false;
      delivered.push({ to, frame });
      return true;
    },
  });
  const datagram = (to: DeviceId, more: Partial<Datagram> = {}): Datagram => ({
    kind: 'datagram',
    id: randomUUID(),
    service: 'messaging',
    body: 'salaam',
    to,
    ...more,
  });
  return { amina, bilal, carla, says, delivered, relay, datagram };
}

/** Lets what has been started run until it waits for somebody outside. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('datagrams', () => {
  it('hands a datagram to the recipient and its answer to the sender', async () => {
    const { amina, bilal, delivered, relay, datagram } = setUp();
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settle();
    const { id, service, body } = sent;
    expect(delivered).toEqual([{ to: bilal, frame: { kind: 'datagram', id, from: amina, service, body } }]);
    relay.answered(bilal, id, null);
    expect(await result).toEqual({ kind: 'datagram-result', id, outcome: 'delivered', denial: null });
  });

  it.each([
    ['sender', 'amina'],
    ['recipient', 'bilal'],
  ] as const)('refuses by the name of the order that denies the %s', async (whose, who) => {
    const fleet = setUp();
    const { amina, bilal, says, delivered, relay, datagram } = fleet;
    says.services.set(fleet[who], {
      messaging: denied(order('2015-001', 'present', 'network'), order('2015-002', 'present')),
    });
    const { outcome, denial } = await relay.send(amina, datagram(bilal));
    expect(outcome).toBe('refused');
    expect(denial).toEqual({
      code: 'service_denied',
      detail: `Delivery is suspended by order 2015-001 and order 2015-002 (${whose}).`,
      order: '2015-001',
      reasons: ['present', 'network'],
      appeal: 'the desk for 2015-001',
      by: 'server',
    });
    expect(delivered).toEqual([]);
  });

  it('asks for the datagram’s own service only', async () => {
    const { amina, bilal, says, delivered, relay, datagram } = setUp();
    says.services.set(bilal, {
      messaging: denied(order('2015-001', 'present')),
      management: denied(order('2015-001', 'home')),
    });
    const mail = datagram(bilal, { service: 'mail' });
    const result = relay.send(amina, mail);
    await settle();
    expect(delivered).toHaveLength(1);
    relay.answered(bilal, mail.id, null);
    expect(await result).toMatchObject({ outcome: 'delivered' });
    expect(await relay.send(amina, datagram(bilal))).toMatchObject({ outcome: 'refused' });
  });

  it('carries again what an order refused, once it no longer denies', async () => {
    const { amina, bilal, says, relay, datagram } = setUp();
    says.services.set(amina, { messaging: denied(order('2015-001', 'present')) });
    expect(await relay.send(amina, datagram(bilal))).toMatchObject({ outcome: 'refused' });
    says.services.set(amina, {});
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settle();
    relay.answered(bilal, sent.id, null);
    expect(await result).toMatchObject({ outcome: 'delivered' });
  });

  it.each([
    ['device_offline', (fleet: ReturnType<typeof setUp>) => void fleet.says.online.delete(fleet.bilal)],
    ['device_unknown', (fleet: ReturnType<typeof setUp>) => void fleet.says.services.delete(fleet.bilal)],
  ])('says %s', async (code, make) => {
    const fleet = setUp();
    make(fleet);
    const { outcome, denial } = await fleet.relay.send(fleet.amina, fleet.datagram(fleet.bilal));
    expect({ outcome, code: denial?.code, order: denial?.order }).toEqual({ outcome: 'refused', code, order: null });
  });

  it('passes the recipient’s own refusal on, as its own', async () => {
    const { amina, bilal, relay, datagram } = setUp();
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settle();
    const own: DenialNotice = {
      code: 'service_denied',
      detail: 'My list says no.',
      order: '2015-003',
      reasons: ['home'],
      appeal: null,
      by: 'server',
    };
    relay.answered(bilal, sent.id, own);
    expect(await result).toMatchObject({ outcome: 'refused', denial: { ...own, by: 'recipient' } });
  });

  it('case 15: an answer by another device, or to what nobody asked, counts for nothing', async () => {
    const { amina, bilal, carla, relay, datagram } = setUp();
    const sent = datagram(bilal);
    let settled = false;
    const result = relay.send(amina, sent).finally(() => (settled = true));
    await settle();
    relay.answered(carla, sent.id, null);
    relay.answered(amina, sent.id, null);
    relay.answered(bilal, randomUUID(), null);
    await settle();
    expect(settled).toBe(false);
    relay.answered(bilal, sent.id, null);
    relay.answered(bilal, sent.id, {
      code: 'device_offline',
      detail: 'late',
      order: null,
      reasons: [],
      appeal: null,
      by: 'recipient',
    });
    expect(await result).toMatchObject({ outcome: 'delivered' });
  });

  it('refuses an id that waits for the same recipient already, and takes it once that is answered', async () => {
    const { amina, bilal, carla, delivered, relay, datagram } = setUp();
    const sent = datagram(bilal);
    const first = relay.send(amina, sent);
    await settle();
    await expect(relay.send(carla, sent)).rejects.toMatchObject({ code: 'rate_limited' });
    expect(delivered).toHaveLength(1);
    relay.answered(bilal, sent.id, null);
    expect(await first).toMatchObject({ outcome: 'delivered' });
    const again = relay.send(carla, sent);
    await settle();
    relay.answered(bilal, sent.id, null);
    expect(await again).toMatchObject({ outcome: 'delivered' });
  });
});

describe('case 13: recipients that never answer', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
  afterEach(() => void vi.useRealTimers());

  it('are given up, and a sender has a bounded number of them, which it gets back', async () => {
    const { amina, bilal, carla, relay, datagram } = setUp();
    const waiting = Array.from({ length: 64 }, () => relay.send(amina, datagram(bilal)));
    await settle();
    await expect(relay.send(amina, datagram(bilal))).rejects.toMatchObject({ code: 'rate_limited' });
    // Another sender is not held up by it.
    const other = datagram(bilal);
    const result = relay.send(carla, other);
    await settle();
    relay.answered(bilal, other.id, null);
    expect(await result).toMatchObject({ outcome: 'delivered' });

    vi.advanceTimersByTime(ANSWER_WITHIN);
    for (const each of await Promise.all(waiting)) {
      expect(each).toMatchObject({ outcome: 'refused', denial: { code: 'device_offline' } });
    }
    const sent = datagram(bilal);
    const after = relay.send(amina, sent);
    await settle();
    relay.answered(bilal, sent.id, null);
    expect(await after).toMatchObject({ outcome: 'delivered' });
  });

  it('a late answer changes nothing', async () => {
    const { amina, bilal, relay, datagram } = setUp();
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settle();
    vi.advanceTimersByTime(ANSWER_WITHIN);
    relay.answered(bilal, sent.id, null);
    expect(await result).toMatchObject({ outcome: 'refused' });
  });
});
