import { CordonError, isCordonError } from '../../../shared/errors.ts';
import { checkInclusionIn } from '../../../shared/ledger/check-proofs.ts';
import type { Checkpoint } from '../../../shared/ledger/checkpoint.ts';
import type { EntryKind } from '../../../shared/ledger/ledger-entry.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { judgeMessagingCertificate } from '../../../shared/order/messaging-certificate.ts';
import type { MemberProof } from '../../../shared/protocol/device-http.ts';
import { deviceIdSchema } from '../../../shared/protocol/ids.ts';
import type { Member } from './member.ts';

export interface ProofContext {
  readonly installation: string;
  readonly approverSet: ApproverSet;
  readonly tree: Pick<Checkpoint, 'size' | 'root'>;
}

/**
 * Verifies a member's certificate, the organization's countersignature, and the ledger entries of both. Throws `unverified_member` for
 * every defect.
 */
export async function verifyMember(proof: MemberProof, context: ProofContext): Promise<Member> {
  try {
    return await verified(proof, context);
  } catch (error) {
    if (!isCordonError(error) || error.code === 'unverified_member') throw error;
    throw new CordonError('unverified_member', error.message, error.context, error);
  }
}

async function verified(
  { certificate: envelope, certified, countersigned }: MemberProof,
  context: ProofContext,
): Promise<Member> {
  const { certificate, digest, certifiedBy, countersignedBy } = judgeMessagingCertificate(
    envelope,
    context.approverSet,
  );
  const device = deviceIdSchema.safeParse(certificate.device);
  const { generation, person, name, email = null, group = null, mailConnector, signatureKey } = certificate;
  if (!device.success) throw ghost(`${certificate.device} is not a device identifier`);
  const subject = `the messaging key of ${device.data}, enrollment ${generation}`;
  if (certificate.installation !== context.installation) throw ghost(`${subject} belongs to another installation`);
  if (certifiedBy.size === 0) throw ghost(`${subject} is not certified by an online key of the approver set`);
  if (countersignedBy.size === 0) throw ghost(`${subject} is not countersigned by the organization's key`);
  const first = await entryOf(certified, 'messaging-key.certified', subject, context);
  const second = await entryOf(countersigned, 'messaging-key.countersigned', subject, context);
  const keyid = second['keyid'];
  if (first['digest'] !== digest || second['digest'] !== digest) {
    throw ghost(`the ledger entries are for another certificate than that of ${subject}`);
  }
  if (typeof keyid !== 'string' || !countersignedBy.has(keyid)) {
    throw ghost(`the ledger entry names another organization key than the one that signed ${subject}`);
  }
  return {
    device: device.data,
    generation,
    person,
    name,
    email,
    group,
    signatureKey,
    ...(mailConnector ? { mailConnector } : {}),
  };
}

async function entryOf(proof: MemberProof['certified'], kind: EntryKind, subject: string, { tree }: ProofContext) {
  const entry = await checkInclusionIn(proof, tree);
  if (entry.kind === kind) return entry.public;
  throw ghost(`the ledger entry for ${subject} has the kind ${entry.kind}, not ${kind}`);
}

const ghost = (why: string): CordonError =>
  new CordonError('unverified_member', `${why[0]?.toUpperCase()}${why.slice(1)}.`);
