/** Approvers, approver sets, revisions and lists for tests. Their keys are real, and a test can easily make them invalid. */
import { generateKeyPairSync } from 'node:crypto';
import { type ApproverSet, readApproverSet } from '../../shared/order/approvers.ts';
import { encodeCanonical } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';
import {
  type Approvers,
  type Envelope,
  type OrderList,
  type OrderStub,
  type OrderTerms,
  PAYLOAD_TYPES,
  type Revision,
} from '../../shared/order/documents.ts';
import { type Signer, signEnvelope, signerOf } from '../../shared/order/dsse.ts';
import { stubOf } from '../../shared/order/stub.ts';

export const INSTALLATION = 'ins_test';
export const NOW = Date.parse('2015-07-24T12:00:00.000Z');

export interface TestKey extends Signer {
  readonly publicKey: string;
}

export function testKey(): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { ...signerOf(privateKey), publicKey: der.toString('base64') };
}

export interface TestPerson {
  readonly person: string;
  readonly key: TestKey;
}

export const testPerson = (person: string): TestPerson => ({ person, key: testKey() });

export function approverSetDocument(
  people: readonly TestPerson[],
  online: TestKey,
  changes: Partial<Approvers> = {},
): Approvers {
  return {
    installation: INSTALLATION,
    version: 1,
    previous: null,
    threshold: 2,
    approvers: people.map(({ person, key }) => ({ person, keyid: key.keyid, publicKey: key.publicKey })),
    onlineKeys: [{ keyid: online.keyid, publicKey: online.publicKey }],
    issuedAt: new Date(NOW).toISOString(),
    ...changes,
  };
}

export function signedApproverSet(
  document: Approvers,
  signers: readonly TestPerson[],
): { envelope: Envelope; approverSet: ApproverSet } {
  const envelope = signEnvelope(
    PAYLOAD_TYPES.approvers,
    encodeCanonical(document),
    signers.map(({ key }) => key),
  );
  return { envelope, approverSet: readApproverSet(envelope) };
}

export const TERMS: OrderTerms = {
  title: 'Pakistan',
  areas: ['PK'],
  services: ['messaging', 'mail'],
  nexus: ['present', 'network'],
  effective: '2015-11-30T19:00:00.000Z',
  until: null,
  zone: 'Asia/Karachi',
  mode: 'suspend',
  unknown: 'allow',
  contested: 'allow',
  stale: 'keep',
  visitors: 'P0D',
  travelers: 'allow',
  disputed: {},
  authority: 'Regulator',
  addressee: 'operators',
  instrument: 'directive, July 2015',
  statement: { en: 'Service ends on 30 November.' },
  appeal: 'the legal desk',
};

export function revisionDocument(changes: Partial<Revision> = {}): Revision {
  return {
    installation: INSTALLATION,
    order: '2015-001',
    revision: 1,
    previous: null,
    action: 'propose',
    proposer: 'proposer',
    proposedAt: new Date(NOW).toISOString(),
    status: 'active',
    pausedSince: null,
    terms: TERMS,
    exempt: [],
    ...changes,
  };
}

export function signedRevision(document: Revision, signers: readonly TestPerson[]): Envelope & { digest: string } {
  const payload = encodeCanonical(document);
  const envelope = signEnvelope(
    PAYLOAD_TYPES.revision,
    payload,
    signers.map(({ key }) => key),
  );
  return Object.defineProperty({ ...envelope, digest: sha256(payload) }, 'digest', { enumerable: false });
}

/** Placeholder in the order list for a revision that is withheld from the public. */
export function signedStub(
  document: Revision,
  signers: readonly TestPerson[],
  changes: Partial<OrderStub> = {},
): Envelope {
  const stub = { ...stubOf(document, sha256(encodeCanonical(document))), ...changes };
  return signEnvelope(
    PAYLOAD_TYPES.stub,
    encodeCanonical(stub),
    signers.map(({ key }) => key),
  );
}

export function signedList(
  orders: readonly Envelope[],
  online: TestKey,
  changes: Partial<OrderList> = {},
): { envelope: Envelope; hash: string } {
  const list: OrderList = {
    installation: INSTALLATION,
    version: 1,
    previous: null,
    issuedAt: new Date(NOW + 3_600_000).toISOString(),
    expiresAt: new Date(NOW + 7 * 86_400_000).toISOString(),
    approverSet: 1,
    orders: orders.map(({ payloadType, payload, signatures }) => ({ payloadType, payload, signatures })),
    ...changes,
  };
  const payload = encodeCanonical(list);
  return { envelope: signEnvelope(PAYLOAD_TYPES.list, payload, [online]), hash: sha256(payload) };
}
