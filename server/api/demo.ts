/**
 * Routes of `npm run demo`: a clock that an admin can advance, a message between two simulated devices, and sign-in links. No released
 * program passes the `DemoPort` that these routes need. A sign-in link creates no session: the demo program has already created it with a
 * password and an authenticator code.
 */
import type { z } from 'zod';
import {
  demoJump,
  demoJumped,
  demoMessage,
  demoSession,
  demoTicket,
  demoView,
  LONGEST_JUMP,
} from '../../shared/api/demo.ts';
import { nothing } from '../../shared/api/wire.ts';
import { CordonError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Admins } from '../admins/admins.ts';
import type { Adoption } from '../orders/adoption/adoption.ts';
import { listedOrder } from '../orders/adoption/order-visibility.ts';
import type { EventsPort } from './events.ts';
import { Reply, type Route, route } from './route.ts';
import { sessionCookie, viewOf } from './session.ts';

export interface DemoPort {
  now(): Instant;
  /**
   * Moves the demo's clock forward to `to`. Resolves when the server and the devices have finished the work that is due by then, after ten
   * seconds at the latest.
   */
  jump(to: Instant): Promise<void>;
  /**
   * Sender and recipient of the demo's test message: two simulated devices. Throws `unavailable` while the simulated devices are not
   * connected.
   */
  message(): z.infer<typeof demoView>['message'];
  send(): Promise<z.infer<typeof demoMessage>>;
  /** Session and approver key for a ticket from a sign-in link of the demo; null for an unknown ticket. */
  session(
    ticket: string,
  ): Promise<{ readonly token: string; readonly csrf: string; readonly approverKey: string | null } | null>;
}

export interface DemoPorts {
  readonly demo: DemoPort;
  readonly admins: Pick<Admins, 'session'>;
  readonly orders: { readonly adoption: Pick<Adoption, 'list'> };
  readonly events: Pick<EventsPort, 'changed'>;
}

export function demoRoutes({ demo, admins, orders, events }: DemoPorts): Route[] {
  async function marks(): Promise<{ label: string; at: Instant }[]> {
    const now = demo.now();
    const ahead = (await orders.adoption.list())
      .map(listedOrder)
      .flatMap(({ number, title, status, adoptedRevision, terms }) => {
        if (adoptedRevision === null || status === 'withdrawn') return [];
        const { effective, until } = terms;
        return [
          { label: `${title} ${number} takes effect`, at: Date.parse(effective) },
          ...(until === null ? [] : [{ label: `${title} ${number} ends`, at: Date.parse(until) }]),
        ];
      });
    return ahead.filter(({ at }) => at > now).sort((a, b) => a.at - b.at);
  }

  return [
    route({
      name: 'demo.show',
      method: 'get',
      path: '/demo',
      summary: 'Show the clock of the demo',
      response: demoView,
      handler: async () => ({ now: demo.now(), marks: await marks(), message: demo.message() }),
    }),
    route({
      name: 'demo.jump',
      method: 'post',
      path: '/demo/clock',
      summary: 'Move the clock of the demo forward',
      body: demoJump,
      response: demoJumped,
      async handler({ body }) {
        const now = demo.now();
        const to = 'to' in body ? body.to : now + body.by;
        if (to < now || to > now + LONGEST_JUMP) {
          throw new CordonError('invalid_input', 'The demo clock moves only forward, by at most 400 days at once.', {
            path: 'to' in body ? 'body.to' : 'body.by',
          });
        }
        await demo.jump(to);
        events.changed('clock');
        return { now: demo.now() };
      },
    }),
    route({
      name: 'demo.message',
      method: 'post',
      path: '/demo/message',
      summary: 'Send a test message between two simulated devices',
      body: nothing,
      response: demoMessage,
      handler: () => demo.send(),
    }),
    route({
      name: 'demo.session',
      method: 'post',
      path: '/demo/session',
      summary: 'Sign in with a link of the demo',
      body: demoTicket,
      response: demoSession,
      async handler({ body, secure }) {
        const cookies = await demo.session(body.ticket);
        const session = cookies && (await admins.session(cookies.token, cookies.csrf, { active: true }));
        if (!session) {
          throw new CordonError(
            'credentials_wrong',
            'This link belongs to another demo. Use a link that this demo printed at its start.',
          );
        }
        const view = viewOf(
          { account: session.account, via: 'session', session, destructive: false },
          { csrf: cookies.csrf },
        );
        return new Reply(
          { ...view, approverKey: cookies.approverKey },
          { headers: { 'Set-Cookie': sessionCookie(cookies.token, session, secure) } },
        );
      },
    }),
  ];
}
