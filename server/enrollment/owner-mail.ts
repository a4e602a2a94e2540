/** Mail with an activation link to the new owner of a device. */
import { CordonError } from '../../shared/errors.ts';
import { oneLine } from '../../shared/text/visible-text.ts';

export interface OwnerLink {
  readonly address: string;
  readonly owner: { readonly name: string };
  readonly hostname: string | null;
  readonly device: string;
  readonly link: string;
  readonly expiresAt: number;
}

interface Message {
  readonly to: { readonly name: string; readonly address: string };
  readonly subject: string;
  readonly text: string;
}

/** Sender of activation links. `send` returns false if the mail server did not accept the mail. */
export interface OwnerMail {
  send(link: OwnerLink): Promise<boolean>;
}

const DATE = new Intl.DateTimeFormat('en-US', {
  dateStyle: 'long',
  timeStyle: 'short',
  timeZone: 'UTC',
  hourCycle: 'h23',
});

export function ownerMail(
  organization: string,
  { address, owner, hostname, device, link, expiresAt }: OwnerLink,
): Message {
  const name = oneLine(organization);
  const called = oneLine(hostname ?? device);
  const text = [
    `Hello ${oneLine(owner.name)},`,
    `The device ${called} of ${name} becomes your device. To take it over, enroll it with this activation link:`,
    link,
    `The link works once, only on this device, until ${DATE.format(expiresAt)} UTC. Work data of the earlier owner does not pass to you.`,
    'Do not forward this mail: anyone with the link and the device can enroll the device in your name.',
    'If you do not expect a device, do not use the link. Ask your administrator about it.',
  ];
  return {
    to: { name: oneLine(owner.name), address },
    subject: `${name}: activation link for ${called}`,
    text: `${text.join('\n\n')}\n`,
  };
}

export function createOwnerMail(send: (mail: Message) => Promise<void>, organization: string): OwnerMail {
  return {
    async send(link) {
      try {
        await send(ownerMail(organization, link));
        return true;
      } catch (error) {
        // The mailer logs the reason. The response names each link that was not sent.
        if (error instanceof CordonError) return false;
        throw error;
      }
    },
  };
}
