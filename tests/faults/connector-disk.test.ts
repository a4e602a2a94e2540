/** The mail connector on a full disk tells senders to try again later, and accepts mail again when the disk has space. */
import { afterEach, expect, it } from 'vitest';
import { MailIntake } from '../support/mail-intake.ts';
import { mountSmallDisk, type SmallDisk, smallDisks } from '../support/small-disk.ts';
import { SmtpClient } from '../support/smtp-client.ts';

let disk: SmallDisk;
let intake: MailIntake;
let client: SmtpClient;
afterEach(async () => {
  client?.close();
  await intake?.close();
  disk?.remove();
});

it.skipIf(!smallDisks.present)('replies 452 4.3.1 on a full disk, and loses no accepted mail', async () => {
  disk = mountSmallDisk(72);
  intake = await MailIntake.start({}, undefined, disk.folder);
  intake.person('amina@corp.example');
  client = await SmtpClient.connect(intake.smtp.port);
  await client.say('EHLO mail.outside.example');
  const send = (id: number) => {
    const message = `From: otto@outside.example\nMessage-ID: <${id}@outside.example>\n\ntext ${id}\n`;
    return client.mail('otto@outside.example', ['amina@corp.example'], message);
  };
  expect(await send(1)).toMatch(/^250/);
  disk.fill();
  for (const _ of [1, 2]) expect(await send(2)).toMatch(/^452 4\.3\.1/);
  const [first] = intake.queue.due('inbound', 10);
  expect((await intake.queue.message(first?.mail ?? '')).toString()).toContain('text 1');
  disk.makeRoom();
  expect(await send(2)).toMatch(/^250/);
  expect(intake.queue.due('inbound', 10)).toHaveLength(2);
});
