/** Sending of one delivery by the type of its channel. Each sender rejects with a reason that an admin understands. */
import { mkdir, open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { postRequest } from '../outbound/post-request.ts';
import type { ReceiverAddresses } from '../outbound/receiver-addresses.ts';
import { sendSyslog } from '../outbound/syslog.ts';
import { contentSchema, textOf } from './content.ts';
import type { Channel, Delivery, Sender } from './ports.ts';
import { webhookHeaders } from './webhook-signature.ts';

export interface MailPort {
  /** Sends a mail. `id`: identifier for the field Message-ID. Rejects with the reason why the mail server refused the mail. */
  send(mail: {
    readonly to: { readonly name: string; readonly address: string };
    readonly subject: string;
    readonly text: string;
    readonly id: string;
  }): Promise<void>;
}

export interface SenderPorts {
  readonly mailer: MailPort | null;
  readonly addresses: ReceiverAddresses;
  /** Folder for JSON lines. Names of files come from admins, so they have only letters, digits and hyphens. */
  readonly folder: string;
  readonly now: () => number;
}

export function createSender({ mailer, addresses, folder, now }: SenderPorts): Sender {
  async function byWebhook({ secrets }: Channel, url: string, { id, body }: Delivery): Promise<void> {
    const at = now();
    const valid = secrets.filter(({ until }) => until === null || until > at).map(({ secret }) => secret);
    await postRequest({ url, body, headers: webhookHeaders({ id, body, at }, valid), addresses });
  }

  async function byMail(to: string, { id, title, body }: Delivery): Promise<void> {
    if (!mailer)
      throw new Error('this installation has no mail server. Set CORDON_MAIL_URL and CORDON_MAIL_FROM on the server');
    const text = textOf(contentSchema.parse(JSON.parse(body)), id);
    await mailer.send({ to: { name: to, address: to }, subject: `Cordon: ${title}`, text, id });
  }

  async function toFile(name: string, { id, body }: Delivery): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // Opens the file for each line, so that logrotate can rename it without a signal.
    const file = await open(join(folder, `${name}.jsonl`), 'a', 0o600);
    try {
      await file.appendFile(lineOf(id, body));
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  return async (channel, delivery) => {
    const { view } = channel;
    switch (view.type) {
      case 'webhook':
        return byWebhook(channel, view.url, delivery);
      case 'mail':
        return byMail(view.to, delivery);
      case 'file':
        return toFile(view.file, delivery);
      case 'syslog': {
        const { type } = contentSchema.parse(JSON.parse(delivery.body));
        const text = lineOf(delivery.id, delivery.body).trimEnd();
        return sendSyslog(view, { at: now(), hostname: hostname(), type, text }, addresses);
      }
    }
  };
}

const lineOf = (id: string, body: string): string => `${JSON.stringify({ id, ...JSON.parse(body) })}\n`;
