import { randomUUID } from 'node:crypto';
import { isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent } from '../../shared/protocol/mail-http.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Member } from '../messaging/members/member.ts';
import { afterError, afterEvent, afterResponse, type NextDelivery } from './delivery-state.ts';
import type { MailClient } from './mail-client.ts';
import type { MailConnectors } from './mail-connectors.ts';
import type { MailFiles } from './mail-files.ts';
import type { FoundRecord, MailRecord, MailRecords } from './mail-records.ts';
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
    records.save({ id, folder, unread, transport, due }, { ...record, outgoing });
    ports.onChange();
  }

  /** The user may have deleted the mail during a request, so each change begins with the stored state. */
  function change(id: string, decide: (outgoing: NonNullable<MailRecord['outgoing']>) => NextDelivery | null): void {
    const row = store.mail(id);
    const record = row && records.read(row);
    if (record?.type !== 'mail' || !record.outgoing) return;
    const next = decide(record.outgoing);
    if (row && next) save({ row, record }, next);
  }

  async function keysFor(connector: Member, own: readonly Member[]) {
    return mailKeysOf([connector, ...own], {
      client,
      installation: ports.installation,
      now: realNow(),
      onInvalid: (detail) => ports.alert('unverified_member', detail, detail),
    });
  }

  /** First connector with a valid mail key, connected ones first, and the keys of this connector and the user's other devices. */
  async function recipients(all: readonly Member[]) {
    const { device: self } = ports.self();
    // A connector can be enrolled for the user too. It is no device of the user: it would pass the copy on as a second mail.
    const own = (await ports.ownDevices()).filter(({ device, mailConnector }) => device !== self && !mailConnector);
    for (const connector of all) {
      const keys = await keysFor(connector, own);
      if (keys.some(({ device }) => device === connector.device)) return { connector, keys };
    }
    return null;
  }

  async function attempt({ id, transport }: ListedMail): Promise<void> {
    const all = await connectors.verified();
    const chosen = await recipients(all);
    if (!chosen || transport === null) {
      const detail = 'Your organization has no mail connector at the moment. The device tries again.';
      return change(id, (outgoing) => afterError(outgoing, { code: null, detail }, realNow()));
    }
    const { connector, keys } = chosen;
    const message = await files.message(id);
    // The connector is durable before the request, so that an event for it is recognized although the response is lost.
    change(id, (outgoing) => ({
      outgoing: { ...outgoing, connectors: withNewest(outgoing.connectors, connector.device) },
      due: realNow(),
      isNewTransport: false,
    }));
    const found = store.mail(id);
    const record = found && records.read(found);
    if (record?.type !== 'mail' || !record.outgoing || !ports.mayPass()) return;
    const { from, to } = record.outgoing.envelope;
    const envelope = { from, to: [...to] };
    const header = { direction: 'outbound' as const, installation: ports.installation, at: ports.now(), envelope };
    const response = await handOverMail({ id: transport, header, message, keys }, { self: ports.self(), client });
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
          change(mail.id, (outgoing) => afterError(outgoing, { code, detail }, realNow()));
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
        change(id, (outgoing) => ({ outgoing: { ...outgoing, attempts: 0 }, due: realNow(), isNewTransport: false }));
      }
    },
  };
}

const withNewest = (connectors: readonly DeviceId[], newest: DeviceId): readonly DeviceId[] => [
  ...connectors.filter((each) => each !== newest),
  newest,
];
