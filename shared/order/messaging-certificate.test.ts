import { describe, expect, it } from 'vitest';
import { codeOf } from '../../tests/support/code-of.ts';
import { messagingKey, newSignatureKey } from '../../tests/support/messaging-keys.ts';
import { personCalled } from '../../tests/support/persons.ts';
import {
  approverSetDocument,
  INSTALLATION,
  signedApproverSet,
  testKey,
  testPerson,
} from '../../tests/support/signed-documents.ts';
import { newDeviceId } from '../protocol/ids.ts';
import { readApproverSet } from './approvers.ts';
import { encodeCanonical } from './canonical.ts';
import { type MessagingCertificate, PAYLOAD_TYPES } from './documents.ts';
import { readPublicKey, type Signer, signEnvelope } from './dsse.ts';
import {
  certifyMessagingKey,
  countersignCertificate,
  isCountersignature,
  judgeMessagingCertificate,
  readMessagingKey,
} from './messaging-certificate.ts';

const people = [testPerson('ada'), testPerson('ben')];
const [online, organization, foreign, own] = [testKey(), testKey(), testKey(), testKey()];
const named = ({ keyid, publicKey }: typeof online) => ({ keyid, publicKey });
const { approverSet } = signedApproverSet(
  approverSetDocument(people, online, { organizationKeys: [named(organization)] }),
  people,
);
const device = newDeviceId();
const document: MessagingCertificate = {
  installation: INSTALLATION,
  device,
  generation: 1,
  person: personCalled('Amina'),
  name: 'Amina',
  signatureKey: newSignatureKey(),
  issuedAt: '2015-07-24T12:00:00.000Z',
};
const signed = (signers: readonly Signer[], changes: object = {}) =>
  signEnvelope(PAYLOAD_TYPES.messagingCertificate, encodeCanonical({ ...document, ...changes }), signers);

describe('a messaging certificate', () => {
  it.each<[string, readonly Signer[], number, number]>([
    ['by nobody', [], 0, 0],
    ['by the server alone', [online], 1, 0],
    ['by the organization alone', [organization], 0, 1],
    ['by both', [online, organization], 1, 1],
    ['by both, twice', [online, organization, organization, online], 1, 1],
    ['by others', [foreign, ...people.map(({ key }) => key)], 0, 0],
  ])('signed %s', (_name, signers, certified, countersigned) => {
    const judged = judgeMessagingCertificate(signed(signers), approverSet);
    expect([judged.certifiedBy.size, judged.countersignedBy.size]).toEqual([certified, countersigned]);
    expect(judged.certificate).toEqual(document);
  });

  it('is countersigned over its exact bytes, and over nothing else', () => {
    const envelope = certifyMessagingKey(document, online);
    const payload = Buffer.from(envelope.payload, 'base64').toString();
    const sig = countersignCertificate(organization, payload);
    const both = { ...envelope, signatures: [...envelope.signatures, { keyid: organization.keyid, sig }] };
    expect(judgeMessagingCertificate(both, approverSet).countersignedBy.size).toBe(1);
    const key = readPublicKey(organization.publicKey);
    expect(isCountersignature(payload, key, sig)).toBe(true);
    expect(isCountersignature(`${payload} `, key, sig)).toBe(false);
    expect(isCountersignature(payload, readPublicKey(foreign.publicKey), sig)).toBe(false);
  });

  it.each([
    ['a name in place of the person’s identifier', { person: 'Amina' }, 'document_malformed'],
    ['a key of another length', { signatureKey: 'AAAA' }, 'document_malformed'],
    ['more than the form has', { office: 'embassy' }, 'document_malformed'],
  ])('with %s is refused', (_name, changes, code) => {
    expect(codeOf(() => judgeMessagingCertificate(signed([online, organization], changes), approverSet))).toBe(code);
  });

  it('is not accepted as another document', () => {
    const list = { ...signed([online]), payloadType: PAYLOAD_TYPES.list };
    expect(codeOf(() => judgeMessagingCertificate(list, approverSet))).toBe('document_wrong_type');
  });
});

it("a device's statement about its messaging key is signed by its certificate's key", () => {
  const { envelope, signatureKey } = messagingKey(device, own);
  expect(readMessagingKey(envelope, readPublicKey(own.publicKey))).toMatchObject({ device, signatureKey });
  expect(codeOf(() => readMessagingKey(envelope, readPublicKey(foreign.publicKey)))).toBe('signature_invalid');
  expect(codeOf(() => readMessagingKey(signed([own]), readPublicKey(own.publicKey)))).toBe('document_wrong_type');
});

describe('organization keys of an approver set', () => {
  const [ada] = people;
  const approverSetWith = (...keys: (typeof online)[]) =>
    codeOf(() => signedApproverSet(approverSetDocument(people, online, { organizationKeys: keys.map(named) }), people));
  it.each<[string, string]>([
    ['one', approverSetWith(organization)],
    ['two', approverSetWith(organization, foreign)],
  ])('%s', (_name, code) => expect(code).toBe('accepted'));
  it.each<[string, string]>([
    ['one that stands twice', approverSetWith(organization, organization)],
    ['one that is online', approverSetWith(organization, online)],
    ['one that is an approver’s', approverSetWith(ada?.key ?? online)],
  ])('%s is refused', (_name, code) => expect(code).toBe('document_malformed'));

  it('are absent in an approver set from before organization keys existed', () => {
    const { envelope } = signedApproverSet(approverSetDocument(people, online), people);
    expect(readApproverSet(envelope).organizationKeys).toEqual([]);
  });
});
