import { isCordonError } from '../../shared/errors.ts';
import type { MailResponse } from '../../shared/protocol/mail-http.ts';
import { type OutgoingMail, sealMail } from '../../shared/seal/mail.ts';
import { type MailKey, verifyMailKey } from '../../shared/seal/mail-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { Member } from '../messaging/members/member.ts';
import type { MailClient } from './mail-client.ts';

/**
 * Returns the verified mail keys of verified devices. Leaves out a device without a valid key. Calls `onInvalid` for a key that the device
 * did not sign, or that is not valid at `now`.
 */
export async function mailKeysOf(
  members: readonly Member[],
  ports: {
    readonly client: Pick<MailClient, 'keysOf'>;
    readonly installation: string;
    readonly now: number;
    readonly onInvalid: (detail: string) => void;
  },
): Promise<readonly MailKey[]> {
  const { client, installation, now } = ports;
  const published = await client.keysOf(members.map(({ device }) => device));
  const keys: MailKey[] = [];
  for (const { device, generation, signatureKey } of members) {
    const found = published.find((each) => each.device === device && each.generation === generation);
    if (!found) continue;
    try {
      keys.push(await verifyMailKey(found.statement, { installation, device, generation, signatureKey }, now));
    } catch (error) {
      const isInvalid = isCordonError(error, 'unverified_member') || isCordonError(error, 'document_malformed');
      if (!isInvalid) throw error;
      ports.onInvalid(error.message);
    }
  }
  return keys;
}

/**
 * Seals a mail and hands it to the server. The mail is durable on the server when the promise resolves. After an error, the caller repeats
 * the call with the same id, and the server stores the mail once.
 */
export async function handOverMail(
  mail: OutgoingMail,
  { self, client }: { readonly self: Self; readonly client: Pick<MailClient, 'putPiece' | 'handOver'> },
): Promise<MailResponse> {
  const { mail: sealed, pieces } = await sealMail(self, mail);
  try {
    for (const [index, { id }] of sealed.pieces.entries()) {
      const piece = pieces[index];
      if (piece) await client.putPiece(id, piece);
    }
  } catch (error) {
    // While an order suspends the sender's mail, the server refuses the upload of pieces. The server's response to the mail itself then
    // names the order.
    if (!isCordonError(error, 'service_denied')) throw error;
  }
  return client.handOver(sealed);
}
