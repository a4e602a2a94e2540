/** Admins who can confirm an action, over real HTTP: an owner created all other accounts. Also the effect that the second person reads. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { actionConfirmed, actionDetail, actionList } from '../../shared/api/actions.ts';
import { deviceActionImpact } from '../../shared/api/device-actions.ts';
import { deviceView } from '../../shared/api/devices.ts';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { invite, type Person } from '../../tests/support/people.ts';
import { FLEET, secondPersonWorld } from '../../tests/support/second-person-world.ts';

const HOUR = 3_600_000;

let world: Awaited<ReturnType<typeof secondPersonWorld>>;
beforeAll(async () => {
  world = await secondPersonWorld();
});
afterAll(() => world.api.close());

const statement = (areas: string[]) => ({
  kind: 'presence',
  areas,
  reason: 'called in',
  until: Date.now() + 48 * HOUR,
});
const preview = (by: Person, device: DeviceId, areas: string[]) =>
  by.api.call('POST', '/device-actions/preview', deviceActionImpact, {
    devices: [device],
    action: 'place',
    change: { statement: statement(areas) },
  });
async function refusal(by: Person, device: DeviceId, areas: string[]): Promise<CordonError> {
  try {
    await by.api.call('PATCH', `/devices/${device}`, deviceView, { statement: statement(areas) });
  } catch (error) {
    if (error instanceof CordonError) return error;
    throw error;
  }
  throw new Error('the server performed the action without a second person');
}
const pending = async (by: Person) =>
  (await by.api.call('GET', '/actions', actionList)).actions.filter(({ status }) => status === 'pending');

it('refuses an action that nobody can confirm, and says whom to invite', async () => {
  const { olivia, ben, inKenya, inSweden, order } = world;
  const advice = /^Ben and you count as one person, .* Invite another person .*Ben can then propose the action/;
  const { secondPerson, effects } = await preview(olivia, inKenya, ['DE']);
  expect(effects).toEqual([{ order, devices: 1, released: ['messaging', 'mail'], denied: [] }]);
  expect(secondPerson).toMatchObject({ needed: true, names: [], remedy: expect.stringMatching(advice) });
  const refused = await refusal(olivia, inKenya, ['DE']);
  expect(refused.code).toBe('no_second_person');
  expect(refused.message).toContain(secondPerson.remedy);
  expect([await pending(olivia), await pending(ben)]).toEqual([[], []]);
  // A statement without effect on an order needs nobody else.
  expect((await preview(olivia, inSweden, ['NO'])).secondPerson).toMatchObject({ needed: false, remedy: null });
});

it('names the admins who can confirm the action, and shows them its effect on orders', async () => {
  const { api, olivia, ben, inKenya, inSweden, order } = world;
  const sana = await invite(api.url, olivia, 'Sana', FLEET);
  expect((await preview(olivia, inKenya, ['DE'])).secondPerson.remedy).toMatch(
    /Ask Ben to propose the action\. Sana can then confirm it\.$/,
  );
  const named = { names: ['Sana'], more: false, remedy: null };
  expect((await preview(ben, inSweden, ['KE'])).secondPerson).toEqual({ ...named, needed: true });
  const proposed = await refusal(ben, inSweden, ['KE']);
  expect([proposed.code, proposed.context.confirmers]).toEqual(['second_person_required', ['Sana']]);
  expect(proposed.message).toMatch(/Sana can confirm this action\.$/);
  const [seen] = await pending(sana);
  expect(seen).toMatchObject({ id: proposed.context.action, confirmable: true });
  expect((await pending(olivia))[0]).toMatchObject({ confirmable: false });

  const detail = await sana.api.call('GET', `/actions/${seen?.id}`, actionDetail);
  // The statement starts the effect of the order. It does not end it.
  expect(detail.effects).toEqual([{ order, devices: 1, released: [], denied: ['messaging', 'mail'] }]);
  expect(detail.confirmers).toEqual(named);
  await sana.browser.call('POST', `/actions/${seen?.id}/confirm`, actionConfirmed, { hash: detail.hash });
  const decided = await ben.api.call('GET', `/actions/${seen?.id}`, actionDetail);
  expect([decided.status, decided.effects, decided.confirmers]).toEqual(['performed', null, null]);
});

it('names nobody whose account is disabled', async () => {
  const { api, ben, inKenya } = world;
  const accounts = await api.admins.accounts();
  const sana = accounts.find(({ name }) => name === 'Sana');
  if (!sana) throw new Error('the account of Sana is missing');
  await api.admins.setStatus(sana.id, 'disabled');
  expect((await refusal(ben, inKenya, ['DE'])).message).toMatch(
    /Olivia and you count as one person, .* Ask Olivia to invite another person .* The new person can then confirm the action\.$/,
  );
});
