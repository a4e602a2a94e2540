import { afterEach, beforeEach, expect, it } from 'vitest';
import { MailIntake } from '../../tests/support/mail-intake.ts';

const KiB = 1024;
const DAY = 86_400_000;

let intake: MailIntake;
let now: number;

beforeEach(async () => {
  intake = await MailIntake.start({}, 100 * KiB);
  now = Date.now();
  intake.now = () => now;
});
afterEach(() => intake.close());

async function add(bytes: number) {
  const to = [{ address: 'amina@corp.example', person: 'amina', notify: null, originalRecipient: null }];
  const envelope = { from: 'otto@outside.example', to, envelopeId: null, header: '', sender: null };
  const id = await intake.queue.add({ kind: 'inbound', envelope, message: Buffer.alloc(bytes), name: null });
  if (id === null) throw new Error('the queue knows the message');
  return id;
}

async function hand(id: string) {
  intake.queue.assignSealed(id, 0);
  const delivery = intake.queue.delivery(id, 0);
  if (!delivery) throw new Error('the delivery has ended');
  intake.queue.markHanded(delivery, [{ device: 'd1', state: 'pending', denial: null }]);
}

it('counts only mail whose content it has', async () => {
  const id = await add(80 * KiB);
  expect(intake.queue.hasSpaceFor(40 * KiB)).toBe(false);
  await hand(id);
  expect(intake.queue.hasSpaceFor(40 * KiB)).toBe(true);
});

it('ends handed deliveries after 90 days, and keeps those that wait', async () => {
  await hand(await add(1));
  await add(1);
  now += 89 * DAY;
  intake.queue.clean();
  expect(intake.queue.counts()).toEqual({ 'inbound handed': 1, 'inbound waiting': 1 });
  now += 2 * DAY;
  intake.queue.clean();
  expect(intake.queue.counts()).toEqual({ 'inbound waiting': 1 });
});

it('ends handed deliveries of an earlier enrollment', async () => {
  intake.queue.beginEnrollment('device', 1);
  await hand(await add(1));
  await add(1);
  intake.queue.beginEnrollment('device', 1);
  expect(intake.queue.counts()).toEqual({ 'inbound handed': 1, 'inbound waiting': 1 });
  intake.queue.beginEnrollment('device', 2);
  expect(intake.queue.counts()).toEqual({ 'inbound waiting': 1 });
});
