import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { SealedMail } from '../../shared/protocol/mail-http.ts';
import { type MailHeader, readSealedMail, verifySealedMail } from '../../shared/seal/mail.ts';
import type { Member } from '../messaging/members/member.ts';
import type { MailClient } from './mail-client.ts';
import type { MailKeys } from './mail-keys.ts';

export interface OpenedMail {
  readonly header: MailHeader;
  /** E-mail message (RFC 5322). */
  readonly message: Uint8Array;
  readonly sender: Member;
}

export interface MailOpenerPorts {
  readonly self: () => { readonly device: DeviceId; readonly generation: number };
  readonly installation: string;
  readonly client: Pick<MailClient, 'piece'>;
  readonly keys: Pick<MailKeys, 'privateKey'>;
  /** Verified sender (`Membership.memberOf`). Throws `unverified_member`. */
  readonly memberOf: (device: DeviceId, generation: number) => Promise<Member>;
  /** Reason why this device refuses mail with this header from this sender; null if it accepts the mail. */
  readonly refusal: (sender: Member, header: MailHeader) => string | null;
}

/**
 * Verifies and opens a mail. An error for which `isUnopenable` is true is final. After any other error, such as a lost connection, the
 * caller tries again.
 */
export async function openMail(mail: SealedMail, ports: MailOpenerPorts): Promise<OpenedMail> {
  const sender = await ports.memberOf(mail.sender.device, mail.sender.generation);
  await verifySealedMail(mail, sender.signatureKey);
  const { device, generation } = ports.self();
  const own = mail.recipients.find((each) => each.device === device && each.generation === generation);
  if (!own) throw unopenable('it is not sealed for this enrollment of the device');
  const privateKey = ports.keys.privateKey(generation, own.key);
  if (!privateKey) throw unopenable('it is sealed for a mail key that this device does not have any more');
  try {
    const reader = await readSealedMail(mail, { device, generation, number: own.key, privateKey });
    const { header } = reader;
    if (header.installation !== ports.installation) throw unopenable('it belongs to another installation');
    const refusal = ports.refusal(sender, header);
    if (refusal !== null) throw unopenable(refusal);
    const pieces: Uint8Array[] = [];
    for (const { id } of mail.pieces) pieces.push(await pieceOf(id, ports.client));
    return { header, message: await reader.open(pieces), sender };
  } finally {
    privateKey.fill(0);
  }
}

async function pieceOf(id: string, client: MailOpenerPorts['client']): Promise<Buffer> {
  try {
    return await client.piece(id);
  } catch (error) {
    if (!isCordonError(error, 'not_found')) throw error;
    throw unopenable('the server does not have its content any more', error);
  }
}

/** True if this mail can never be opened, so that another attempt is useless. */
export const isUnopenable = (error: unknown): error is CordonError =>
  isCordonError(error, 'content_malformed') || isCordonError(error, 'unverified_member');

function unopenable(why: string, cause?: unknown): CordonError {
  return new CordonError('content_malformed', `The mail cannot be opened: ${why}.`, {}, cause);
}
