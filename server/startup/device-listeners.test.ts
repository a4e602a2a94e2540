import { describe, expect, it } from 'vitest';
import { type DeviceListeners, requireListeners } from './device-listeners.ts';

const BEFORE: DeviceListeners = {
  bind: '0.0.0.0',
  devicePort: 8443,
  publicPort: 8444,
  proxyFrom: ['10.0.0.1'],
  proxyRequired: [],
};

describe('a start with these listeners', () => {
  it.each<[string, Partial<DeviceListeners>, Partial<DeviceListeners>, string[]]>([
    ['the same as before', {}, {}, []],
    ['ports that the operating system chooses', { devicePort: 0 }, { publicPort: 0 }, []],
    ['all addresses instead of one', { bind: '10.0.0.5' }, { bind: '0.0.0.0' }, []],
    ['IPv6 and IPv4 instead of IPv4', {}, { bind: '::' }, []],
    ['one more proxy', {}, { proxyFrom: ['10.0.0.2', '10.0.0.1'] }, []],
    ['a proxy that is no longer required', { proxyRequired: ['device'] }, {}, []],
    ['another port, which the admin accepts', {}, { devicePort: 443 }, ['device:8443']],
  ])('is accepted: %s', (_case, before, now, drop) => {
    expect(() => requireListeners({ ...BEFORE, ...before }, { ...BEFORE, ...now }, drop)).not.toThrow();
  });

  it('is accepted without enrolled devices', () => {
    expect(() => requireListeners(null, BEFORE, [])).not.toThrow();
  });

  it.each<[string, Partial<DeviceListeners>, Partial<DeviceListeners>, string[], RegExp]>([
    [
      'another port for devices',
      {},
      { devicePort: 443 },
      [],
      /^CORDON_DEVICE_PORT was 8443 and is now 443. .* Set CORDON_DEVICE_PORT=8443 again. .* start once with CORDON_DROP_LISTENERS=device:8443.$/,
    ],
    [
      'two other ports, of which the admin accepts one',
      {},
      { devicePort: 443, publicPort: 80 },
      ['device:8443'],
      /^CORDON_PUBLIC_PORT was 8444 and is now 80. .*CORDON_DROP_LISTENERS=public:8444.$/,
    ],
    ['a loopback address', {}, { bind: '127.0.0.1' }, [], /CORDON_DROP_LISTENERS=bind:0.0.0.0.$/],
    ['IPv4 only', { bind: '::' }, { bind: '0.0.0.0' }, [], /CORDON_BIND was :: and is now 0.0.0.0/],
    ['a required proxy', {}, { proxyRequired: ['device'] }, [], /CORDON_DROP_LISTENERS=direct:device.$/],
    ['a proxy less', {}, { proxyFrom: [] }, [], /no longer has 10.0.0.1, .*CORDON_DROP_LISTENERS=proxy:10.0.0.1.$/],
    ['an acceptance of another port', {}, { devicePort: 443 }, ['device:9000'], /CORDON_DROP_LISTENERS=device:8443.$/],
  ])('is refused: %s', (_case, before, now, drop, words) => {
    expect(() => requireListeners({ ...BEFORE, ...before }, { ...BEFORE, ...now }, drop)).toThrow(words);
  });
});
