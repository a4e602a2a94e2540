/**
 * Acceptance of mails. If an order suspends mail for the sender, the server refuses the whole mail. If an order suspends mail for a
 * recipient, the order's rule for waiting mail decides about this recipient's copy. The server cannot read the mail.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailResponse, SealedMail } from '../../shared/protocol/mail-http.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Enrollment, Judgment, OrdersPort } from '../relay/relay.ts';
import type { MailEntry, MailStore, PlacedMail } from './ports.ts';

const DAY = 86_400_000;
/** Storage time of waiting mail and of events in milliseconds. The time starts when the device may receive the mail. */
export const MAIL_KEPT_FOR = 30 * DAY;

export interface MailAcceptance {
  /** Accepts a mail. It is durable when the promise resolves. Throws `forbidden` for a mail in another device's name. */
  accept(identity: Enrollment, mail: SealedMail): Promise<MailResponse>;
  accepted(): number;
}

export function createMailAcceptance(ports: {
  readonly store: MailStore;
  readonly judgment: Judgment;
  readonly orders: Pick<OrdersPort, 'effect'>;
  readonly clock: Clock;
  readonly wake: (devices: readonly DeviceId[]) => void;
  readonly settleSoon: (devices: readonly DeviceId[]) => void;
}): MailAcceptance {
  const { store, judgment, orders, clock, wake, settleSoon } = ports;
  let accepted = 0;

  function announce(entries: readonly MailEntry[]): void {
    const deliverable = entries.filter(({ heldBy }) => heldBy === null).map(({ device }) => device);
    // Check again whether the recipients may use mail, because an order may have taken effect while the mail was being stored.
    const isAllowed = (device: DeviceId) => orders.effect.cachedVerdict(device)?.services.mail.allowed === true;
    const nowDenied = deliverable.filter((device) => !isAllowed(device));
    wake(deliverable);
    if (nowDenied.length > 0) settleSoon(nowDenied);
  }

  return {
    async accept({ device, generation }, mail) {
      const { sender, recipients } = mail;
      if (sender.device !== device || sender.generation !== generation) {
        throw new CordonError('forbidden', 'A device can only send mail in the name of its own current enrollment.');
      }
      if (new Set(recipients.map((one) => one.device)).size < recipients.length) {
        throw new CordonError('invalid_input', 'The mail names a recipient twice. Seal it once for each device.');
      }
      const denial = await judgment.refusal(device);
      // Return the stored response to a mail that was accepted before the order took effect.
      if (denial) return (await store.earlierResponse(sender, mail.id)) ?? { denial, recipients: [] };
      const judged = await judgment.recipients(recipients.map((one) => one.device));
      const at = clock.now();
      const placed = await store.place({
        mail,
        at,
        expiresAt: at + MAIL_KEPT_FOR,
        recipients: judged.map((one, index) => ({ ...one, generation: recipients[index]?.generation ?? 0 })),
      });
      const { response, entries } = resultOf(placed);
      if (entries.length > 0) accepted += 1;
      announce(entries);
      return response;
    },
    accepted: () => accepted,
  };
}

function resultOf(placed: PlacedMail): Extract<PlacedMail, { result: 'placed' }> {
  if (placed.result === 'placed') return placed;
  if (placed.result === 'sender-ended')
    throw new CordonError('device_unknown', 'This enrollment of the device has ended.');
  const detail = `The piece ${placed.piece} is not stored with this size and digest. Upload all pieces, then send the mail again.`;
  throw new CordonError('conflict', detail, { piece: placed.piece });
}
