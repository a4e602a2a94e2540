/** Mail that a device sends: delivery, events, and copies for the other devices of the user. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { denialOf, FIELDS, fetch, list, sent, subjects, write } from '../../tests/support/mail-steps.ts';
import { letter, type MailDevice, MailWorld, type TestConnector } from '../../tests/support/mail-world.ts';
import { COPY_WITHIN } from './delivery-state.ts';

let world: MailWorld;
let connector: TestConnector;
let ada: MailDevice;
beforeEach(async () => {
  world = new MailWorld();
  connector = await world.connector();
  ada = await world.enroll('Ada');
});
afterEach(() => world.close());

describe('a sent mail', () => {
  it('reaches the connector and the user’s other devices once', async () => {
    const second = await world.enroll('Ada');
    const id = await write(ada, { bcc: 'boss@example.org' });
    expect(sent(ada, id)).toMatchObject({ subject: 'Figures', delivery: { state: 'sent' } });
    const [opened] = await connector.receive();
    const text = Buffer.from(opened?.message ?? []).toString();
    expect(opened?.header).toMatchObject({
      direction: 'outbound',
      envelope: { from: 'ada@corp.example', to: ['zoe@example.org', 'boss@example.org'] },
    });
    expect(text).toMatch(/^From: Ada <ada@corp\.example>\r$/m);
    expect(text).toContain(`Message-ID: <${id}@corp.example>`);
    expect(text).not.toContain('boss@');
    await fetch(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'delivered' } });
    await fetch(second);
    expect(list(second, 'sent')).toMatchObject([{ id, subject: 'Figures', delivery: { state: 'sent' } }]);
    expect(second.announced).toEqual([]);
  });

  it('is sent once although responses are lost', async () => {
    let lost = 3;
    world.service.after = (request) => {
      if (request === 'handOver' && lost-- > 0) throw new CordonError('unavailable', 'the response was lost');
    };
    const id = await write(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'waiting', detail: 'the response was lost' } });
    for (let round = 0; round < 3; round += 1) {
      ada.mail.welcomed();
      await ada.mail.maintain();
    }
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('waits while the device is offline, also over a restart', async () => {
    world.service.reachable = false;
    const id = await write(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'waiting' } });
    await ada.stop();
    world.service.reachable = true;
    const again = await world.boot(ada);
    expect(sent(again, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await connector.receive()).toHaveLength(1);
  });

  it('waits for a mail connector, and prefers a connected one', async () => {
    world.revoke(connector.self.device);
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(ada.mail.state()).toMatchObject({ state: 'no-connector' });
    const id = await write(ada);
    expect(sent(ada, id)?.delivery?.detail).toContain('no mail connector');
    const next = await world.connector('next');
    ada.mail.welcomed();
    await ada.mail.maintain();
    expect(ada.mail.state()).toMatchObject({ state: 'ready', address: 'ada@corp.example' });
    expect(await next.receive()).toHaveLength(1);
  });

  it('goes to another connector if the first one was removed before it had the mail', async () => {
    const second = await world.enroll('Ada');
    const id = await write(ada);
    const next = await world.connector('next');
    world.revoke(connector.self.device);
    const transport = world.service.accepted[0]?.id ?? '';
    const gone = {
      type: 'event',
      id: transport,
      device: connector.self.device,
      event: 'returned',
      denial: null,
    } as const;
    world.service.add(ada.id, gone);
    await fetch(ada);
    expect(sent(ada, id)).toMatchObject({ delivery: { state: 'sent' } });
    expect(await next.receive()).toHaveLength(1);
    await fetch(second);
    expect(list(second, 'sent')).toHaveLength(1);
  });

  it.each([
    ['held', 'held'],
    ['refused', 'returned'],
  ] as const)('that the server reports as %s is shown as %s, with order and appeal', async (outcome, state) => {
    const denial = denialOf('2026-001');
    world.service.outcomes.set(connector.self.device, { outcome, denial });
    const id = await write(ada);
    const shown = { order: '2026-001', appeal: 'appeals@example.org', detail: denial.detail };
    expect(sent(ada, id)).toMatchObject({ delivery: { state, denial: shown } });
  });

  it('shows each event of the server', async () => {
    const id = await write(ada);
    const transport = world.service.accepted[0]?.id ?? '';
    const denial = denialOf('2026-002');
    for (const [event, state, order] of [
      ['held', 'held', '2026-002'],
      ['released', 'sent', null],
      ['returned', 'returned', '2026-002'],
      ['expired', 'expired', null],
    ] as const) {
      const about = { type: 'event', id: transport, device: connector.self.device } as const;
      world.service.add(ada.id, { ...about, event, denial: order === null ? null : denial });
      await fetch(ada);
      const delivery = sent(ada, id)?.delivery;
      expect([delivery?.state, delivery?.denial?.order ?? null]).toEqual([state, order]);
    }
  });

  it('is refused before sealing if it is too large', async () => {
    await expect(
      ada.mail.submit(Buffer.alloc(LARGEST_MAIL + 1), { from: 'ada@corp.example', to: ['z@example.org'] }),
    ).rejects.toMatchObject({ code: 'too_large' });
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.attach(id, { name: 'a', type: 'a/b', bytes: Buffer.alloc(20_000_000) });
    await expect(
      ada.mail.attach(id, { name: 'b', type: 'a/b', bytes: Buffer.alloc(20_000_000) }),
    ).rejects.toMatchObject({ code: 'too_large' });
  });

  it('carries a file of 20 MB', async () => {
    const bytes = Buffer.alloc(20_000_000, 'file');
    const id = await ada.mail.createDraft('new', null);
    await ada.mail.saveDraft(id, FIELDS);
    await ada.mail.attach(id, { name: 'plan.bin', type: 'application/octet-stream', bytes });
    await ada.mail.sendDraft(id);
    await ada.mail.maintain();
    expect(Buffer.from((await ada.mail.file(id, 0)).bytes).equals(bytes)).toBe(true);
    const [opened] = await connector.receive();
    await connector.deliver('Ada', Buffer.from(opened?.message ?? []));
    await fetch(ada);
    const file = await ada.mail.file(list(ada)[0]?.id ?? '', 0);
    expect([file.name, Buffer.from(file.bytes).equals(bytes)]).toEqual(['plan.bin', true]);
  });

  it('can be submitted as a complete message, only from the own address', async () => {
    const message = Buffer.from(letter('Raw', 'text', ['Message-ID: <a@b>']));
    await expect(ada.mail.submit(message, { from: 'eve@corp.example', to: ['z@example.org'] })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await ada.mail.submit(message, { from: 'ADA@corp.example', to: ['z@example.org'] });
    await ada.mail.maintain();
    const [opened] = await connector.receive();
    expect(Buffer.from(opened?.message ?? []).equals(message)).toBe(true);
  });

  it('can be submitted although the device cannot display it', async () => {
    const message = Buffer.concat([Buffer.from('Subject: x\r\nX: '), Buffer.alloc(2_000_000, 'a')]);
    await ada.mail.submit(message, { from: 'ada@corp.example', to: ['z@example.org'] });
    await ada.mail.maintain();
    expect(await connector.receive()).toHaveLength(1);
    expect(list(ada, 'sent')).toMatchObject([{ problem: expect.stringContaining('cannot be parsed') }]);
  });

  it('needs an address in the certificate', async () => {
    const nameless = await world.enroll('Nameless', { email: null });
    expect(nameless.mail.state()).toEqual({ state: 'no-address' });
    await expect(write(nameless)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('mail connectors of a sent mail', () => {
  const receivers = () => world.service.accepted.map(({ recipients }) => recipients.map(({ device }) => device));

  it('are one, also if another is enrolled for the user', async () => {
    await world.connector('Ada');
    await write(ada);
    expect(receivers()).toEqual([[connector.self.device]]);
  });

  it('have a current enrollment, although mail of an ended one is still opened', async () => {
    await write(ada);
    const { device, generation } = connector.self;
    world.revoke(device);
    world.service.connectors.push({ device, generation, connected: true });
    await write(ada);
    expect(receivers()).toEqual([[device]]);
    expect(sent(ada, list(ada, 'sent')[0]?.id ?? '')?.delivery?.state).toBe('waiting');
  });
});

describe('the copy of a sent mail', () => {
  const MESSAGE = letter('Raw', 'text', ['Message-ID: <raw@example.org>']);
  const submit = async () => {
    await ada.mail.submit(Buffer.from(MESSAGE), { from: 'ada@corp.example', to: ['z@example.org'] });
    await ada.mail.maintain();
  };
  const fill = ({ id }: Pick<MailDevice, 'id'>) => world.service.outcomes.set(id, { outcome: 'full', denial: null });
  /** Lets the clock of the device pass, and does its due work. */
  const pass = async (time: number) => {
    vi.setSystemTime(Date.now() + time);
    await ada.mail.maintain();
  };

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    // The agent takes its clock when it starts.
    await ada.stop();
    ada = await world.boot(ada);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('reaches a device whose queue was full once, and the connector gets the mail once', async () => {
    const [second, third] = [await world.enroll('Ada'), await world.enroll('Ada')];
    fill(second);
    await submit();
    expect(list(ada, 'sent')).toMatchObject([{ delivery: { state: 'sent' } }]);
    expect(await connector.receive()).toHaveLength(1);
    await fetch(ada);
    await pass(60_000);
    world.service.outcomes.clear();
    world.service.after = (request) => {
      if (request === 'handOver') throw new CordonError('unavailable', 'the response was lost');
    };
    await pass(COPY_WITHIN / 2);
    world.service.after = () => undefined;
    for (let hour = 0; hour < 3; hour += 1) await pass(3_600_000);
    for (const device of [second, third]) {
      await fetch(device);
      expect(subjects(device, 'sent')).toEqual(['Raw']);
    }
    expect(await connector.receive()).toEqual([]);
    expect(list(ada, 'sent')).toMatchObject([{ delivery: { state: 'delivered', detail: null } }]);
    expect(ada.alerts).toEqual([]);
  });

  it('is not sent again to a device that has it while the queue of the connector is full', async () => {
    const second = await world.enroll('Ada');
    fill({ id: connector.self.device });
    await submit();
    world.service.outcomes.clear();
    await pass(60_000);
    expect(await connector.receive()).toHaveLength(1);
    await fetch(second);
    expect(subjects(second, 'sent')).toEqual(['Raw']);
  });

  it('ends after five days with an alert and a reason beside the mail', async () => {
    const second = await world.enroll('Ada');
    fill(second);
    await submit();
    await pass(COPY_WITHIN);
    const sentBefore = world.service.accepted.length;
    await pass(COPY_WITHIN);
    expect(world.service.accepted).toHaveLength(sentBefore);
    expect(ada.alerts).toEqual(['mail_device_full']);
    expect(list(ada, 'sent')).toMatchObject([{ delivery: { state: 'sent', detail: expect.stringMatching(/5 days/) } }]);
  });
});
