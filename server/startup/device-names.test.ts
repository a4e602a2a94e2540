import { describe, expect, it } from 'vitest';
import { requireNames, watchNames } from './device-names.ts';

const used = (...names: string[]) => names.map((name) => ({ name, lastUsed: Date.parse('2026-05-03T10:00:00Z') }));

describe('a start with these names', () => {
  it.each<[string, string[], string[], string[], string[]]>([
    ['for the first time', [], ['a.example'], [], []],
    ['the same as before', ['a.example'], ['a.example'], [], []],
    ['one more', ['a.example'], ['b.example', 'A.example'], [], []],
    ['one less, which the admin gives up', ['a.example', 'b.example'], ['b.example'], ['A.EXAMPLE'], ['a.example']],
    ['an IPv6 address', ['::1'], ['::1'], [], []],
  ])('is accepted: %s', (_case, inUse, names, drop, forgotten) => {
    expect(requireNames(used(...inUse), names, drop)).toEqual(forgotten);
  });

  it.each<[string, string[], string[], RegExp]>([
    [
      'a name is dropped',
      ['b.example'],
      [],
      /no longer has a.example \(last used on 2026-05-03\).*CORDON_DROP_NAMES=a.example\./,
    ],
    ['another name is given up', ['b.example'], ['c.example'], /no longer has a.example/],
  ])('is refused: %s', (_case, names, drop, words) => {
    expect(() => requireNames(used('a.example', 'b.example'), names, drop)).toThrow(words);
  });
});

describe('names in use', () => {
  it('are recorded once an hour, without the port, and only if the certificate has them', () => {
    const saved: string[] = [];
    const watch = watchNames({
      store: { saveDeviceName: async ({ name }) => void saved.push(name) },
      names: ['Devices.example', '::1', '10.0.0.1'],
      onFailure: (error) => {
        throw error;
      },
    });
    const hosts = [
      'devices.example:8443',
      'DEVICES.EXAMPLE',
      '[::1]:8443',
      '10.0.0.1:1',
      'evil.example:8443',
      '',
      undefined,
    ];
    for (const host of hosts) watch.record(host);
    expect(saved).toEqual(['devices.example', '::1', '10.0.0.1']);
  });
});
