/** Who can confirm an action, over real HTTP: an owner who created all other accounts, and the effect that the second person reads. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { actionConfirmed, actionDetail, actionList } from '../../shared/api/actions.ts';
import { deviceActionImpact } from '../../shared/api/device-actions.ts';
import { deviceView } from '../../shared/api/devices.ts';
import { revisionView } from '../../shared/api/orders.ts';
import { CordonError } from '../../shared/errors.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { addLocatedFleet } from '../../tests/support/located-fleet.ts';
import { adoptApproverSet, firstOwner, invite, inviteApprover, type Person } from '../../tests/support/people.ts';

const HOUR = 3_600_000;
const FLEET = [{ role: 'fleet' }];

let api: ApiServer;
let olivia: Person;
let ben: Person;
/** A device in Kenya, which the order affects, and a device in Sweden, which it does not affect. */
let inKenya: DeviceId;
let inSweden: DeviceId;
let order: string;

beforeAll(async () => {
  api = await startApi();
  olivia = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '', 'Olivia');
  const approvers = [await inviteApprover(api.url, olivia, 'Ada'), await inviteApprover(api.url, olivia, 'Karl')];
  await adoptApproverSet(olivia, approvers);
  const seen = (area: string) => [
    { source: 'address', areas: [area], at: Date.now() - HOUR, connected: true } as const,
  ];
  [inKenya, inSweden] = (await addLocatedFleet(api.database, await addGroup(api.database, 'All'), Date.now(), [
    { home: 'KE', seen: seen('KE') },
    { home: 'SE', seen: seen('SE') },
  ])) as [DeviceId, DeviceId];
  const proposal = await olivia.api.call('POST', '/orders', revisionView, {
    title: 'Kenya',
    areas: ['KE'],
    services: ['messaging', 'mail'],
    nexus: ['present'],
    zone: 'Africa/Nairobi',
    unknown: 'allow',
    contested: 'allow',
    travelers: 'allow',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'Service ends.' },
    effective: new Date(Date.now() + 2 * HOUR).toISOString(),
  });
  order = proposal.order;
  for (const { api: caller, key } of approvers) {
    const signature = approveRevision(key, proposal.payload);
    const path = `/orders/${order}/revisions/${proposal.revision}/approvals`;
    await caller.raw('POST', path, { keyid: key.keyid, signature });
  }
  ben = await invite(api.url, olivia, 'Ben', FLEET);
});
afterAll(() => api.close());

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
  const accounts = await api.admins.accounts();
  const sana = accounts.find(({ name }) => name === 'Sana');
  if (!sana) throw new Error('the account of Sana is missing');
  await api.admins.setStatus(sana.id, 'disabled');
  expect((await refusal(ben, inKenya, ['DE'])).message).toMatch(
    /Olivia and you count as one person, .* Ask Olivia to invite another person .* The new person can then confirm the action\.$/,
  );
});
