import { expect, it } from 'vitest';
import { dpkg, testState } from '../../tests/support/inventory-state.ts';
import { differenceOf } from './difference.ts';

it('finds no change in equal software of another order or with repetitions', () => {
  const [bash, curl] = [dpkg('bash', '5.2'), dpkg('curl', '8.5')];
  const first = differenceOf(null, testState('laptop', [curl, bash, curl]), 1);
  expect(first?.report.software).toMatchObject({ total: 2, removed: [] });
  if (!first) throw new Error('nothing changed');
  expect(differenceOf(first.after, testState('laptop', [curl, bash, curl]), 2)).toBeNull();
  expect(differenceOf(first.after, testState('laptop', [curl]), 2)?.report.software?.removed).toEqual([bash]);
});
