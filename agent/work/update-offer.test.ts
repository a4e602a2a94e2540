import fc from 'fast-check';
import { expect, it } from 'vitest';
import { newCommandId } from '../../shared/protocol/ids.ts';
import { delayed, offerOf } from './update-offer.ts';

const HOUR = 3_600_000;
const command = newCommandId();

it('starts after the stated hours, and each delay adds them until none is left', () => {
  const offer = offerOf(command, { scope: 'all', deferral: { hours: 4, times: 2 } }, 100 * HOUR, 0);
  expect(offer).toMatchObject({ startsAt: 4 * HOUR, deadline: 12 * HOUR, delaysLeft: 2 });
  const once = delayed(offer, HOUR);
  expect(once).toMatchObject({ startsAt: 8 * HOUR, delaysLeft: 1 });
  const twice = once && delayed(once, HOUR);
  expect(twice).toMatchObject({ startsAt: 12 * HOUR, delaysLeft: 0 });
  expect(twice && delayed(twice, HOUR)).toBeNull();
});

it('starts at once without a deferral', () => {
  expect(offerOf(command, { scope: 'all', deferral: null }, 100 * HOUR, 7).startsAt).toBe(7);
});

it('never starts after the deadline or the expiry of the command, whatever the user does', () => {
  const hours = fc.integer({ min: 1, max: 168 });
  const times = fc.integer({ min: 0, max: 10 });
  fc.assert(
    fc.property(hours, times, fc.integer({ min: 1, max: 2000 * HOUR }), (length, count, expires) => {
      let offer = offerOf(command, { scope: 'all', deferral: { hours: length, times: count } }, expires, 0);
      const { deadline } = offer;
      let delays = 0;
      for (let next = delayed(offer, offer.startsAt); next; next = delayed(offer, offer.startsAt)) {
        offer = next;
        delays += 1;
      }
      expect(offer.startsAt).toBeLessThanOrEqual(deadline);
      expect(deadline === 0 || deadline < expires).toBe(true);
      expect(delays).toBeLessThanOrEqual(count);
    }),
  );
});
