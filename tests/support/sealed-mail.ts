/** Mails whose contents are arbitrary bytes, because the server cannot decrypt them. */
import { hash, randomBytes, randomUUID } from 'node:crypto';
import type { Enrollment } from '../../server/relay/ports.ts';
import type { SealedMail } from '../../shared/protocol/mail-http.ts';

export interface MailWithPieces {
  readonly mail: SealedMail;
  readonly bytes: readonly Buffer[];
}

export function mailOf(
  sender: Enrollment,
  to: readonly Enrollment[],
  { sizes = [100], header = 'header', id = randomUUID() as string } = {},
): MailWithPieces {
  const bytes = sizes.map((size) => randomBytes(size));
  const mail: SealedMail = {
    id,
    sender: { device: sender.device, generation: sender.generation },
    recipients: to.map(({ device, generation }) => ({
      device,
      generation,
      key: 1,
      enc: randomBytes(32).toString('base64'),
      wrapped: randomBytes(48).toString('base64'),
    })),
    header: Buffer.from(header).toString('base64'),
    pieces: bytes.map((piece) => ({
      id: randomBytes(32).toString('base64url'),
      sha256: hash('sha256', piece, 'hex'),
      size: piece.length,
    })),
    signature: randomBytes(64).toString('base64'),
  };
  return { mail, bytes };
}

export const headerOf = (mail: SealedMail): string => Buffer.from(mail.header, 'base64').toString();
