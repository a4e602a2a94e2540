/**
 * What `npm run demo` adds to the API: a clock that can be put ahead, one message between two simulated devices, and links that sign people in.
 * Mounted only where `startServer` is given a `DemoPort`, which no released entry does. It opens no session of its own: behind a link stands
 * one that was opened beforehand with password and code.
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
import type { Orders } from '../orders/orders.ts';
import type { EventsPort } from './events.ts';
import { Reply, type Route, route } from './route.ts';
import { sessionCookie, viewOf } from './session.ts';

/** The demo around the server, which drives its clock and its devices. */
export interface DemoPort {
  now(): Instant;
  /** Resolves when server and devices have come to rest at `to`, or after ten seconds. */
  jump(to: Instant): Promise<void>;
  /** Throws `unavailable` until the fleet is up. */
  message(): z.infer<typeof demoView>['message'];
  send(): Promise<z.infer<typeof demoMessage>>;
  /** The session that was opened for whoever holds the ticket, and their approver's key; null: no such ticket. */
  session(
    ticket: string,
  ): Promise<{ readonly token: string; readonly csrf: string; readonly approverKey: string | null } | null>;
}

export interface DemoPorts {
  readonly demo: DemoPort;
  readonly admins: Pick<Admins, 'session'>;
  readonly orders: Pick<Orders, 'list'>;
  readonly events: Pick<EventsPort, 'changed'>;
}

export function demoRoutes({ demo, admins, orders, events }: DemoPorts): Route[] {
  /** Only what is adopted comes by itself. */
  async function marks(): Promise<{ label: string; at: Instant }[]> {
    const now = demo.now();
    const ahead = (await orders.list()).flatMap(({ number, title, status, adoptedRevision, terms }) => {
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
      summary: 'The clock of the demo, and what is worth a jump',
      response: demoView,
      handler: async () => ({ now: demo.now(), marks: await marks(), message: demo.message() }),
    }),
    route({
      name: 'demo.jump',
      method: 'post',
      path: '/demo/clock',
      summary: 'Put the clock of the demo ahead',
      body: demoJump,
      response: demoJumped,
      async handler({ body }) {
        const now = demo.now();
        const to = 'to' in body ? body.to : now + body.by;
        if (to < now || to > now + LONGEST_JUMP) {
          throw new CordonError(
            'invalid_input',
            'The clock of the demo goes forward only, and by 400 days at once at most.',
            { path: 'to' in body ? 'body.to' : 'body.by' },
          );
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
      summary: 'Send a test message from one simulated device to another, and wait for its fate',
      body: nothing,
      response: demoMessage,
      handler: () => demo.send(),
    }),
    route({
      name: 'demo.session',
      method: 'post',
      path: '/demo/session',
      summary: 'Sign in by a link of the demo',
      body: demoTicket,
      response: demoSession,
      async handler({ body, secure }) {
        const held = await demo.session(body.ticket);
        const session = held && (await admins.session(held.token, held.csrf, { active: true }));
        if (!session) {
          throw new CordonError(
            'credentials_wrong',
            'This link is not of this demo: use one that it printed at its start.',
          );
        }
        const view = viewOf({ account: session.account, via: 'session', session, destructive: false }, held.csrf);
        return new Reply(
          { ...view, approverKey: held.approverKey },
          { headers: { 'Set-Cookie': sessionCookie(held.token, session.expiresAt, secure) } },
        );
      },
    }),
  ];
}
