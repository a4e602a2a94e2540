import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import { type Envelope, PAYLOAD_TYPES } from '../order/documents.ts';
import { payloadOf, signedBy, type VerifyingKey } from '../order/dsse.ts';
import { type OwnPackage, ownPackageSchema } from './own-package.ts';

/** Parses the statement of a package envelope. Throws `approval_invalid` unless one of the keys signed its exact bytes. */
export function verifyPackage(envelope: Envelope, keys: readonly VerifyingKey[]): OwnPackage {
  const statement = unverifiedPackage(envelope);
  if (signedBy(envelope, keys).size > 0) return statement;
  throw new CordonError('approval_invalid', 'No approver of the organization has signed this package.');
}

/** Parses the statement of a package envelope whose signature is not verified. */
export const unverifiedPackage = (envelope: Envelope): OwnPackage =>
  parseDocument(ownPackageSchema, payloadOf(envelope, PAYLOAD_TYPES.package));
