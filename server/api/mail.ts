import { mailView } from '../../shared/api/mail.ts';
import type { Mail } from '../mail/mail.ts';
import { type Route, route } from './route.ts';

export type MailPort = Pick<Mail, 'status'>;

export function mailRoutes(mail: MailPort): Route[] {
  return [
    route({
      name: 'mail.show',
      method: 'get',
      path: '/mail',
      summary: 'Show the mail connectors, and how much mail waits, is held and was returned',
      response: mailView,
      async handler() {
        const { connectors, figures } = await mail.status();
        const { entries, bytes, held, heldBytes, returned, returnedBytes } = figures;
        return {
          connectors,
          waiting: { mails: entries - held, bytes: bytes - heldBytes },
          held: { mails: held, bytes: heldBytes },
          returned: { mails: returned, bytes: returnedBytes },
        };
      },
    }),
  ];
}
