/** Mail of a device while an order suspends mail. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { denialOf, fetch, list, sent, subjects, write } from '../../tests/support/mail-steps.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';

let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(() => world.close());

describe('an order that suspends mail', () => {
  it('stops fetching and sending until it ends', async () => {
    ada.gate = { order: '2026-001' };
    await connector.deliver('Ada', letter('Held'));
    await fetch(ada);
    expect(subjects(ada)).toEqual([]);
    expect(ada.mail.state()).toEqual({ state: 'denied', orders: ['2026-001'] });
    const error = await write(ada).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'service_denied',
      message: expect.stringMatching(/2026-001.*appeals@example/),
    });
    expect(list(ada, 'drafts')).toHaveLength(1);
    ada.gate = null;
    ada.mail.wake();
    await ada.mail.maintain();
    expect(subjects(ada)).toEqual(['Held']);
  });

  it('with the rule `deliver` lets only earlier mail pass', async () => {
    await connector.deliver('Ada', letter('Earlier'));
    ada.gate = { order: '2026-001', waiting: 'deliver', since: Date.now() + 5 };
    await new Promise((resolve) => setTimeout(resolve, 10));
    await connector.deliver('Ada', letter('Later'));
    await fetch(ada);
    expect(subjects(ada)).toEqual(['Earlier']);
    expect(world.service.waiting(ada.id)).toBe(1);
  });

  it('keeps a waiting mail on the device, and sends it afterward', async () => {
    world.service.reachable = false;
    const id = await write(ada);
    world.service.reachable = true;
    ada.gate = { order: '2026-001' };
    await ada.mail.maintain();
    expect(await connector.receive()).toEqual([]);
    ada.gate = null;
    await ada.mail.maintain();
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('that only the server knows keeps the mail waiting, with order and appeal', async () => {
    world.service.senderDenial = denialOf('2026-003');
    const id = await write(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'waiting', denial: { order: '2026-003' } } });
    world.service.senderDenial = null;
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent', denial: null } });
  });
});
