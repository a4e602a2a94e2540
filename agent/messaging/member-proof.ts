/**
 * What the server gives to prove that a device is a member's, checked from end to end. Pure: the root that this device pins and a tree of the
 * ledger that it has verified before are arguments. Whatever does not hold is `ghost_member`, and nothing of it is believed.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { checkInclusionIn } from '../../shared/ledger/check-answer.ts';
import type { Checkpoint } from '../../shared/ledger/checkpoint.ts';
import type { LeafKind } from '../../shared/ledger/leaf.ts';
import type { Root } from '../../shared/order/approvers.ts';
import { judgeMessagingCertificate } from '../../shared/order/messaging-certificate.ts';
import type { MemberProof } from '../../shared/protocol/device-http.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Member } from './membership.ts';

export interface Judge {
  readonly installation: string;
  readonly root: Root;
  /** The tree that the proofs are against. */
  readonly tree: Pick<Checkpoint, 'size' | 'root'>;
}

export async function verifyMember(proof: MemberProof, judge: Judge): Promise<Member> {
  try {
    return await verified(proof, judge);
  } catch (error) {
    if (!isCordonError(error) || error.code === 'ghost_member') throw error;
    throw new CordonError('ghost_member', error.message, error.context, error);
  }
}

async function verified(
  { certificate: envelope, certified, countersigned }: MemberProof,
  judge: Judge,
): Promise<Member> {
  const { certificate, digest, certifiedBy, countersignedBy } = judgeMessagingCertificate(envelope, judge.root);
  const device = deviceIdSchema.safeParse(certificate.device);
  const { generation, person, name, email = null, group = null, signatureKey } = certificate;
  if (!device.success) throw ghost(`${certificate.device} is no device`);
  const whose = `the messaging key of ${device.data}, enrolment ${generation}`;
  if (certificate.installation !== judge.installation) throw ghost(`${whose} is of another installation`);
  if (certifiedBy.size === 0) throw ghost(`${whose} is not certified by an online key of the root`);
  if (countersignedBy.size === 0) throw ghost(`${whose} is not countersigned by the organisation's key`);
  const first = await leafOf(certified, 'messaging-key.certified', whose, judge);
  const second = await leafOf(countersigned, 'messaging-key.countersigned', whose, judge);
  const keyid = second['keyid'];
  if (first['digest'] !== digest || second['digest'] !== digest) {
    throw ghost(`the ledger speaks of another certificate than that of ${whose}`);
  }
  if (typeof keyid !== 'string' || !countersignedBy.has(keyid)) {
    throw ghost(`the ledger names another organisation key than the one that has signed ${whose}`);
  }
  return { device: device.data, generation, person, name, email, group, signatureKey };
}

async function leafOf(proof: MemberProof['certified'], kind: LeafKind, whose: string, { tree }: Judge) {
  const leaf = await checkInclusionIn(proof, tree);
  if (leaf.kind === kind) return leaf.public;
  throw ghost(`a leaf ${leaf.kind} stands for ${kind} of ${whose}`);
}

const ghost = (why: string): CordonError => new CordonError('ghost_member', `${why[0]?.toUpperCase()}${why.slice(1)}.`);
