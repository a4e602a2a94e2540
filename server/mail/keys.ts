/**
 * Mail keys of devices. The server stores the newest key of each enrollment and gives it to senders. It cannot verify a key, because only
 * devices have the code for sealed mail: senders verify the device's signature and the certificate of its messaging key.
 */
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailKeyStatement } from '../../shared/protocol/mail-http.ts';
import type { Enrollment } from '../relay/relay.ts';
import type { MailKeyStore, MailKeys } from './ports.ts';

/** Fields of a mail key that the server reads (`mailKeySchema` in shared/seal). */
const statementSchema = z.looseObject({
  installation: z.string(),
  device: z.string(),
  generation: z.int(),
  number: z.int().min(1),
});

export interface MailKeyService {
  /** Stores a mail key. Throws `conflict` for another enrollment's key and for an older key, and `document_malformed`. */
  put(enrollment: Enrollment, statement: MailKeyStatement): Promise<void>;
  of(devices: readonly DeviceId[]): Promise<MailKeys>;
}

export function createMailKeys(store: MailKeyStore, installation: string): MailKeyService {
  return {
    put(enrollment, statement) {
      const key = parseDocument(statementSchema, Buffer.from(statement.payload, 'base64'));
      const { device, generation } = enrollment;
      if (key.installation !== installation || key.device !== device || key.generation !== generation) {
        throw new CordonError('conflict', 'A device can only submit a mail key of its own current enrollment.');
      }
      return store.putKey(enrollment, key.number, statement);
    },
    of: (devices) => store.keysOf([...new Set(devices)]),
  };
}
