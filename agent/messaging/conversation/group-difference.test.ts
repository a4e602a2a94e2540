import { expect, it } from 'vitest';
import { type DeviceId, deviceIdSchema } from '../../../shared/protocol/ids.ts';
import { differenceOf, waitBeforeChange } from './group-difference.ts';

const id = (name: string): DeviceId => deviceIdSchema.parse(`dev_${name.padEnd(16, 'a')}`);
const leaf = (name: string, leafIndex: number, generation = 1) => ({
  device: id(name),
  generation,
  signatureKey: `key of ${name} ${generation}`,
  leafIndex,
});
const member = (name: string, generation = 1) => ({
  device: id(name),
  generation,
  signatureKey: `key of ${name} ${generation}`,
  person: 'per',
  name,
});
const names = (all: readonly { readonly device: string; readonly generation: number }[]) =>
  all.map(({ device, generation }) => `${device.slice(4).replace(/a+$/, '')}${generation}`);

const [own, ben, cleo] = [leaf('own', 0), leaf('ben', 1), leaf('cleo', 2)];

it.each([
  ['no change', [own, ben], [member('own'), member('ben')], [], [], []],
  ['a revoked device is removed', [own, ben], [member('own')], [], ['ben1'], []],
  ['a new device is added', [own], [member('own'), member('ben')], [], [], ['ben1']],
  [
    'a device that was enrolled again is removed and added',
    [own, ben],
    [member('own'), member('ben', 2)],
    [],
    ['ben1'],
    ['ben2'],
  ],
  [
    'a device that asks to rejoin is removed and added',
    [own, ben],
    [member('own'), member('ben')],
    [ben],
    ['ben1'],
    ['ben1'],
  ],
  [
    'a rejoin request of an earlier enrollment is ignored',
    [own, ben],
    [member('own'), member('ben')],
    [leaf('ben', 1, 2)],
    [],
    [],
  ],
  ['the own device stays', [own, ben], [member('ben')], [own], [], []],
])('%s', (_name, leaves, wanted, rejoinRequestedBy, remove, add) => {
  const difference = differenceOf({ leaves, own: own.device, wanted, rejoinRequestedBy });
  expect(names(difference.remove)).toEqual(remove);
  expect(names(difference.add)).toEqual(add);
});

it('the first leaf makes the change at once, and each further leaf waits longer', () => {
  const leaves = [cleo, own, ben];
  expect(waitBeforeChange(leaves, [], own.device, 0.9)).toBe(0);
  expect(waitBeforeChange(leaves, [], ben.device, 0)).toBe(2_000);
  expect(waitBeforeChange(leaves, [], cleo.device, 0.5)).toBe(5_000);
  expect(waitBeforeChange(leaves, [own], ben.device, 0.9)).toBe(0);
});
