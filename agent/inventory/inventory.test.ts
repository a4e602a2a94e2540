import { expect, it } from 'vitest';
import { inventorySchema } from '../../shared/protocol/frames.ts';
import { collectInventory, known } from './inventory.ts';

it('describes this machine in the protocol’s format', async () => {
  const inventory = inventorySchema.parse(await collectInventory());
  expect(inventory.os.platform).toBe(process.platform);
  expect(inventory.hardware.memory).toBeGreaterThan(0);
});

it.each([
  ['', null],
  [' - ', null],
  ['To Be Filled By O.E.M.', null],
  ['Default string', null],
  ['PF3XYZ12', 'PF3XYZ12'],
])('reads %j as %j, with null for unknown values', (said, meant) => {
  expect(known(said)).toBe(meant);
});
