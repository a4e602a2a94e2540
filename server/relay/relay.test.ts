import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { ServiceVerdict, Verdict } from '../../shared/verdict/terms.ts';
import { createRelay, type Datagram } from './relay.ts';

const [amina, bilal, third] = [newDeviceId(), newDeviceId(), newDeviceId()];
const OPEN: ServiceVerdict = { allowed: true, denials: [], reasons: ['no_order'] };
const SHUT: ServiceVerdict = {
  allowed: false,
  denials: [{ order: '2015-001', revision: 1, reasons: ['present', 'network'] }],
  reasons: ['present', 'network'],
};
const verdictOf = (messaging: ServiceVerdict): Verdict => ({
  services: { enrolment: OPEN, management: OPEN, messaging, mail: OPEN },
  nextChange: null,
});
const datagram = (to: DeviceId, service: Datagram['service'] = 'messaging'): Datagram => ({
  kind: 'datagram',
  id: crypto.randomUUID(),
  service,
  body: 'hello',
  to,
});

function world() {
  const denied = new Set<DeviceId>();
  const online = new Set<DeviceId>([amina, bilal, third]);
  const delivered: { to: DeviceId; from: DeviceId; id: string }[] = [];
  const relay = createRelay({
    verdict: async (device) => {
      if (![amina, bilal, third].includes(device)) throw new CordonError('device_unknown', 'There is no such device.');
      return verdictOf(denied.has(device) ? SHUT : OPEN);
    },
    appealOf: async () => 'the legal desk',
    deliver: (to, { from, id }) => {
      if (online.has(to)) delivered.push({ to, from, id });
      return online.has(to);
    },
  });
  return { relay, denied, online, delivered };
}
const settled = () => vi.advanceTimersByTimeAsync(0);

describe('the relay', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('delivers, and answers the sender when the recipient has', async () => {
    const { relay, delivered } = world();
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settled();
    expect(delivered).toEqual([{ to: bilal, from: amina, id: sent.id }]);
    relay.answered(bilal, sent.id, null);
    expect(await result).toEqual({ kind: 'datagram-result', id: sent.id, outcome: 'delivered', denial: null });
  });

  it.each([
    ['sender', amina],
    ['recipient', bilal],
  ])('refuses by name of the order when the %s is denied, and lets the other service through', async (_who, who) => {
    const { relay, denied, delivered } = world();
    denied.add(who);
    expect(await relay.send(amina, datagram(bilal))).toMatchObject({
      outcome: 'refused',
      denial: {
        code: 'service_denied',
        order: '2015-001',
        reasons: ['present', 'network'],
        appeal: 'the legal desk',
        by: 'server',
      },
    });
    expect(delivered).toEqual([]);
    const mail = datagram(bilal, 'mail');
    const result = relay.send(amina, mail);
    await settled();
    relay.answered(bilal, mail.id, null);
    expect((await result).outcome).toBe('delivered');
  });

  it("hands on the recipient's own refusal, as the recipient's", async () => {
    const { relay } = world();
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settled();
    const denial: DenialNotice = {
      code: 'service_denied',
      detail: 'suspended',
      order: '2015-001',
      reasons: ['present'],
      appeal: null,
      by: 'server',
    };
    relay.answered(bilal, sent.id, denial);
    expect(await result).toMatchObject({ outcome: 'refused', denial: { order: '2015-001', by: 'recipient' } });
  });

  it('case 15: an answer from a device that was not asked changes nothing', async () => {
    const { relay, delivered } = world();
    const sent = datagram(bilal);
    const result = relay.send(amina, sent);
    await settled();
    relay.answered(third, sent.id, null);
    relay.answered(amina, sent.id, null);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await result).toMatchObject({ outcome: 'refused', denial: { code: 'device_offline' } });
    expect(delivered.every(({ to }) => to === bilal)).toBe(true);
  });

  it('tells of a device that is offline, unknown or silent', async () => {
    const { relay, online } = world();
    online.delete(bilal);
    expect(await relay.send(amina, datagram(bilal))).toMatchObject({ denial: { code: 'device_offline' } });
    expect(await relay.send(amina, datagram(newDeviceId()))).toMatchObject({ denial: { code: 'device_unknown' } });
  });

  it('bounds what one sender may leave waiting, and frees it with the answers', async () => {
    const { relay, delivered } = world();
    const waiting = Array.from({ length: 64 }, () => relay.send(amina, datagram(bilal)));
    await settled();
    await expect(relay.send(amina, datagram(bilal))).rejects.toMatchObject({ code: 'rate_limited' });
    for (const { id } of [...delivered]) relay.answered(bilal, id, null);
    expect((await Promise.all(waiting)).every(({ outcome }) => outcome === 'delivered')).toBe(true);
    const next = relay.send(amina, datagram(bilal));
    await settled();
    relay.answered(bilal, delivered.at(-1)?.id ?? '', null);
    expect((await next).outcome).toBe('delivered');
  });
});
