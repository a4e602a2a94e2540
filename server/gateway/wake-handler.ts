/** Passes notifications of changes (wakes) from the bus to the sessions of this server process. */
import { randomBytes } from 'node:crypto';
import { CLOSE } from '../../shared/protocol/frames.ts';
import type { Wake } from '../bus/bus.ts';
import type { Delivery } from './delivery.ts';
import type { Interests } from './interests.ts';
import type { JobDelivery } from './job-delivery.ts';
import type { LostModeDelivery } from './lost-mode-delivery.ts';
import type { MailboxDelivery } from './mailbox-delivery.ts';
import type { NameDelivery } from './name-delivery.ts';
import type { PolicyDelivery } from './policy-delivery.ts';
import type { CommandsPort } from './ports.ts';
import type { QueryDelivery } from './query-delivery.ts';
import type { Relocation } from './relocation.ts';
import type { Sessions } from './sessions.ts';
import type { Suspension } from './suspension.ts';
import type { TlsListener } from './tls-listener.ts';

/** Maximum number of devices whose data is read together after a notification. Between two reads, the server does other work. */
const SLICE = 256;

interface Ports {
  readonly server: Pick<TlsListener['server'], 'setTicketKeys'>;
  readonly sessions: Sessions;
  readonly interests: Interests;
  readonly push: Delivery;
  readonly policyDelivery: PolicyDelivery;
  readonly lostModeDelivery: Pick<LostModeDelivery, 'changed'>;
  readonly nameDelivery: Pick<NameDelivery, 'changed'>;
  readonly deliverJob: JobDelivery;
  readonly deliverQuery: QueryDelivery;
  readonly mailing: MailboxDelivery;
  readonly relocation: Relocation;
  readonly reconsider: Suspension['reconsider'];
  readonly commands: Pick<CommandsPort, 'join'>;
}

export function createWakeHandler(ports: Ports) {
  const { server, sessions, interests, push, policyDelivery, deliverJob, mailing, relocation, reconsider, commands } =
    ports;
  return async (wake: Wake): Promise<void> => {
    switch (wake.kind) {
      case 'ended':
        // After a revocation, the server replaces the keys of TLS session tickets. Existing tickets then no longer work, and all peers must
        // do a full handshake.
        server.setTicketKeys(randomBytes(48));
        for (const session of sessions.of(wake.device)) session.end(CLOSE.revoked, 'revoked');
        return;
      case 'opened':
        return sessions.fence(wake.device, wake.epoch);
      case 'list':
        return push.fanOutList();
      case 'device': {
        // A change of the device, such as a new statement about its location, may allow mail that was blocked. The mail is therefore
        // delivered again.
        mailing.wake(wake.device);
        const session = sessions.live(wake.device);
        if (session) {
          await push.record(session);
          // The change, such as a new group, may let the device join a job.
          if (await commands.join(wake.device)) await push.commands(session);
        }
        return policyDelivery.devices([wake.device]);
      }
      case 'memberships':
        await policyDelivery.devices(wake.devices);
        // A new group may let a device join a job.
        for (const device of wake.devices) {
          const session = sessions.live(device);
          if (session && (await commands.join(device))) await push.commands(session);
        }
        return;
      case 'policies':
        return policyDelivery.all();
      case 'lost-mode':
        return ports.lostModeDelivery.changed(wake.device);
      case 'device-name':
        return ports.nameDelivery.changed(wake.device);
      case 'compliance':
        return policyDelivery.compliance(wake.device);
      case 'commands':
        // Start all reads together, so that they share one SQL statement.
        await Promise.all(
          wake.devices.map(async (device) => {
            const session = sessions.live(device);
            if (session) await push.commands(session);
          }),
        );
        return;
      case 'job':
        return deliverJob(wake.job);
      case 'query':
        return ports.deliverQuery(wake.query);
      case 'mailbox':
        for (const device of wake.devices) mailing.wake(device);
        return;
      case 'mail':
        for (const device of wake.devices) {
          const session = sessions.live(device);
          if (session?.takesMail) session.frames.send({ kind: 'new-mail' });
        }
        return;
      case 'members':
        for (const person of wake.people) {
          for (const session of interests.in(person)) session.frames.send({ kind: 'members-changed', person });
        }
        return;
      case 'key-packages':
        await Promise.all(wake.devices.map(mailing.fewKeyPackages));
        return;
      case 'time-correction':
        return sessions.each(push.correction);
      case 'inventory-sections':
        return sessions.each(push.inventorySections);
      case 'ip-database':
        return relocation.relocateAll();
      case 'verdicts':
        for (let from = 0; from < wake.devices.length; from += SLICE) {
          const slice = wake.devices.slice(from, from + SLICE);
          await Promise.all(slice.map(reconsider));
          for (const device of slice) mailing.wake(device);
          await new Promise(setImmediate);
        }
    }
  };
}
