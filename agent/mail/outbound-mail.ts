import { randomUUID } from 'node:crypto';
import { isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent, MailResponse } from '../../shared/protocol/mail-http.ts';
import type { MailKey } from '../../shared/seal/mail-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Member } from '../messaging/members/member.ts';
import {
  afterCopies,
  afterError,
  afterEvent,
  afterResponse,
  areCopiesOverdue,
  type NextDelivery,
  withoutMissingCopies,
} from './delivery-state.ts';
import type { MailEnvelope } from './mail.ts';
import type { MailClient } from './mail-client.ts';
import type { MailConnectors } from './mail-connectors.ts';
import type { MailFiles } from './mail-files.ts';
import type { FoundRecord, MailRecord, MailRecords, OutgoingRecord } from './mail-records.ts';
import type { ListedMail, MailStore } from './mail-store.ts';
import { handOverMail, mailKeysOf } from './send-mail.ts';

/** Mails that wait to be handed to the server. */
export interface OutboundMail {
  /** Hands over all mails whose attempt is due. Returns the time of the next attempt; null if no mail waits. */
  send(): Promise<number | null>;
  takeEvent(event: MailEvent): void;
  /** Makes all waiting mails due now, for example after a new connection or the end of an order. */
  sendSoon(): void;
}

export function createOutboundMail(ports: {
  readonly installation: string;
  readonly self: () => Self;
  readonly store: MailStore;
  readonly records: MailRecords;
  readonly files: MailFiles;
  readonly client: Pick<MailClient, 'keysOf' | 'putPiece' | 'handOver'>;
  readonly connectors: Pick<MailConnectors, 'verified'>;
  /** The user's verified devices. */
  readonly ownDevices: () => Promise<readonly Member[]>;
  readonly mayPass: () => boolean;
  /** Device time, which dates the mail. */
  readonly now: () => Instant;
  readonly realNow: () => number;
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly onChange: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}): OutboundMail {
  const { store, records, files, client, connectors, realNow } = ports;

  function save({ row, record }: FoundRecord<MailRecord>, { outgoing, due, isNewTransport }: NextDelivery): void {
    const { id, folder, unread } = row;
    const transport = isNewTransport ? randomUUID() : row.transport;
    records.save({ id, folder, unread, transport, due: due ?? outgoing.copies?.due ?? null }, { ...record, outgoing });
    ports.onChange();
  }

  /** State of a mail that waits to be sent; null if the user has deleted the mail. */
  function outgoingOf(id: string): OutgoingRecord | null {
    const row = store.mail(id);
    const record = row && records.read(row);
    return record?.type === 'mail' ? record.outgoing : null;
  }

  /** The user may have deleted the mail during a request, so each change begins with the stored state. */
  function change(id: string, decide: (outgoing: NonNullable<MailRecord['outgoing']>) => NextDelivery | null): void {
    const row = store.mail(id);
    const record = row && records.read(row);
    if (record?.type !== 'mail' || !record.outgoing) return;
    const next = decide(record.outgoing);
    if (row && next) save({ row, record }, next);
  }

  async function keysFor(members: readonly Member[]) {
    return mailKeysOf(members, {
      client,
      installation: ports.installation,
      now: realNow(),
      onInvalid: (detail) => ports.alert('unverified_member', detail, detail),
    });
  }

  async function otherDevices(): Promise<readonly Member[]> {
    const { device: self } = ports.self();
    // A mail connector can be enrolled for the user too. It must not get the copy for the user's devices, because it would pass the copy on
    // as a second mail.
    return (await ports.ownDevices()).filter(({ device, mailConnector }) => device !== self && !mailConnector);
  }

  /**
   * Chooses the first connector with a valid mail key; connected ones come first. Returns it with its key and the keys of the user's
   * devices that lack a copy.
   */
  async function recipients(all: readonly Member[], stored: readonly DeviceId[]) {
    const own = (await otherDevices()).filter(({ device }) => !stored.includes(device));
    for (const connector of all) {
      const keys = await keysFor([connector, ...own]);
      if (keys.some(({ device }) => device === connector.device)) return { connector, keys };
    }
    return null;
  }

  async function seal(
    id: string,
    envelope: MailEnvelope,
    sealed: { readonly transport: string; readonly keys: readonly MailKey[] },
  ): Promise<MailResponse> {
    const message = await files.message(id);
    const { from, to } = envelope;
    const header = {
      direction: 'outbound' as const,
      installation: ports.installation,
      at: ports.now(),
      envelope: { from, to: [...to] },
    };
    return handOverMail({ id: sealed.transport, header, message, keys: sealed.keys }, { self: ports.self(), client });
  }

  /** Sends copies to the user's devices whose queue was full when the mail was sent. */
  async function attemptCopies(id: string, { copies, envelope }: OutgoingRecord): Promise<void> {
    if (!copies) return;
    const devices = (await otherDevices()).filter(({ device }) => copies.full.includes(device));
    const keys = await keysFor(devices);
    const transport = copies.transport ?? randomUUID();
    // The id must be durable before the request. If the response is lost, the repeated attempt uses the same id, and no device gets a
    // second copy.
    change(id, (outgoing) => ({
      outgoing: { ...outgoing, copies: { ...copies, transport } },
      due: null,
      isNewTransport: false,
    }));
    if (!ports.mayPass()) return;
    const response = keys.length === 0 ? null : await seal(id, envelope, { transport, keys });
    change(id, (outgoing) => afterCopies(outgoing, response, realNow()));
  }

  /** Ends the attempts for a device whose queue was full for too long. */
  function endCopies(id: string, { copies }: OutgoingRecord): void {
    for (const device of copies?.full ?? []) {
      const day = new Date(copies?.since ?? 0).toISOString().slice(0, 10);
      const detail = `A sent mail of ${day} is missing on ${device}, another device of the person. The queue of this device was full for 5 days.`;
      ports.alert('mail_device_full', detail, `${device} ${day}`);
    }
    change(id, withoutMissingCopies);
  }

  async function attempt({ id, transport }: ListedMail): Promise<void> {
    const waiting = outgoingOf(id);
    if (!waiting) return;
    if (waiting.state !== 'waiting') {
      return areCopiesOverdue(waiting, realNow()) ? endCopies(id, waiting) : attemptCopies(id, waiting);
    }
    const all = await connectors.verified();
    const chosen = await recipients(all, waiting.copies?.stored ?? []);
    if (!chosen || transport === null) {
      const detail = 'Your organization has no mail connector at the moment. The device tries again.';
      return change(id, (outgoing) => afterError(outgoing, { code: null, detail }, realNow()));
    }
    const { connector, keys } = chosen;
    // The chosen connector must be stored before the request. If the response is lost, the device still recognizes the connector's events
    // about this mail.
    change(id, (outgoing) => ({
      outgoing: { ...outgoing, connectors: withNewest(outgoing.connectors, connector.device) },
      due: realNow(),
      isNewTransport: false,
    }));
    const outgoing = outgoingOf(id);
    if (!outgoing || !ports.mayPass()) return;
    const response = await seal(id, outgoing.envelope, { transport, keys });
    const devices = all.map(({ device }) => device);
    change(id, (outgoing) => afterResponse(outgoing, response, devices, realNow()));
  }

  return {
    async send() {
      for (const mail of store.dueMails()) {
        if (!ports.mayPass()) return null;
        if (mail.due !== null && mail.due > realNow()) break;
        try {
          await attempt(mail);
        } catch (error) {
          const isLocked = isCordonError(error, 'workspace_locked') || isCordonError(error, 'workspace_wiped');
          if (isLocked) return null;
          ports.onFailure('send mail', error);
          const detail = isCordonError(error) ? error.message : 'The mail could not be sent. The device tries again.';
          const code = isCordonError(error) ? error.code : null;
          change(mail.id, (outgoing) =>
            outgoing.state === 'waiting'
              ? afterError(outgoing, { code, detail }, realNow())
              : afterCopies(outgoing, null, realNow()),
          );
        }
      }
      return store.dueMails()[0]?.due ?? null;
    },
    takeEvent(event) {
      const row = store.mailWithTransport(event.id);
      if (row) change(row.id, (outgoing) => afterEvent(outgoing, event, realNow()));
    },
    sendSoon() {
      for (const { id, due } of store.dueMails()) {
        if (due === null || due <= realNow()) continue;
        change(id, (outgoing) =>
          outgoing.state === 'waiting'
            ? { outgoing: { ...outgoing, attempts: 0 }, due: realNow(), isNewTransport: false }
            : null,
        );
      }
    },
  };
}

const withNewest = (connectors: readonly DeviceId[], newest: DeviceId): readonly DeviceId[] => [
  ...connectors.filter((each) => each !== newest),
  newest,
];
