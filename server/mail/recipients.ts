/** Tells a mail connector whose mail an address receives, and whether the mail service is available to this person now. */
import { CordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import { LARGEST_MAIL, type MailRecipient } from '../../shared/protocol/mail-http.ts';
import { canonicalEmail } from '../../shared/text/canonical-email.ts';
import { type Enrollment, type Judgment, requireService, type ServiceGate } from '../relay/relay.ts';
import { outcomeOf } from './placement.ts';
import type { Addressee, MailDirectory } from './ports.ts';

export interface MailRecipients {
  /**
   * Looks up the people with the given addresses. Throws `forbidden` unless the enrollment is a mail connector, and `service_denied` if an
   * order suspends its mail.
   */
  lookUp(connector: Enrollment, addresses: readonly string[]): Promise<MailRecipient[]>;
}

export function createMailRecipients({
  directory,
  judgment,
  gate,
}: {
  readonly directory: Pick<MailDirectory, 'isConnector' | 'addressees'>;
  readonly judgment: Judgment;
  readonly gate: ServiceGate;
}): MailRecipients {
  async function stateOf({ devices }: Addressee): Promise<Pick<MailRecipient, 'state' | 'denial'>> {
    const judged = await judgment.recipients(devices.map(({ device }) => device));
    return bestState(
      devices.flatMap((queue, index) => {
        const one = judged[index];
        if (!one?.known) return [];
        const state = outcomeOf(queue, { denial: one.denial, waiting: one.waiting, bytes: LARGEST_MAIL });
        return [{ state, denial: state === 'full' ? null : one.denial }];
      }),
    );
  }

  return {
    async lookUp(connector, addresses) {
      if (!(await directory.isConnector(connector))) {
        throw new CordonError('forbidden', 'Only a mail connector can look up recipients.');
      }
      await requireService(gate, 'mail', connector.device);
      const keys = new Map(addresses.map((address) => [address, canonicalEmail(address)]));
      const found = await directory.addressees([...new Set(keys.values())]);
      const byKey = new Map(found.map((one) => [one.emailKey, one]));
      const recipients: MailRecipient[] = [];
      for (const address of addresses) {
        const addressee = byKey.get(keys.get(address) ?? '');
        if (!addressee) recipients.push({ address, person: null, state: 'unknown', denial: null });
        else recipients.push({ address, person: addressee.person, ...(await stateOf(addressee)) });
      }
      return recipients;
    },
  };
}

const PREFERENCE = ['stored', 'held', 'full', 'refused'] as const;

/** Best state among a person's devices, because one reachable device is enough to receive the mail. */
export function bestState(
  devices: readonly { readonly state: (typeof PREFERENCE)[number]; readonly denial: DenialNotice | null }[],
): Pick<MailRecipient, 'state' | 'denial'> {
  for (const state of PREFERENCE) {
    const found = devices.find((one) => one.state === state);
    if (found) return { state: state === 'stored' ? 'available' : state, denial: found.denial };
  }
  return { state: 'no-device', denial: null };
}
