import { describe, expect, it } from 'vitest';
import { codeOf } from '../../tests/support/code-of.ts';
import { messagingKey, newSignatureKey } from '../../tests/support/messaging-keys.ts';
import { personCalled } from '../../tests/support/persons.ts';
import { INSTALLATION, rootDocument, signedRoot, testKey, testPerson } from '../../tests/support/signed-documents.ts';
import { newDeviceId } from '../protocol/ids.ts';
import { readRoot } from './approvers.ts';
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
const [online, organisation, foreign, own] = [testKey(), testKey(), testKey(), testKey()];
const named = ({ keyid, publicKey }: typeof online) => ({ keyid, publicKey });
const { root } = signedRoot(rootDocument(people, online, { organisationKeys: [named(organisation)] }), people);
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
    ['by the organisation alone', [organisation], 0, 1],
    ['by both', [online, organisation], 1, 1],
    ['by both, twice', [online, organisation, organisation, online], 1, 1],
    ['by others', [foreign, ...people.map(({ key }) => key)], 0, 0],
  ])('signed %s', (_name, signers, certified, countersigned) => {
    const judged = judgeMessagingCertificate(signed(signers), root);
    expect([judged.certifiedBy.size, judged.countersignedBy.size]).toEqual([certified, countersigned]);
    expect(judged.certificate).toEqual(document);
  });

  it('is countersigned over its exact bytes, and over nothing else', () => {
    const envelope = certifyMessagingKey(document, online);
    const payload = Buffer.from(envelope.payload, 'base64').toString();
    const sig = countersignCertificate(organisation, payload);
    const both = { ...envelope, signatures: [...envelope.signatures, { keyid: organisation.keyid, sig }] };
    expect(judgeMessagingCertificate(both, root).countersignedBy.size).toBe(1);
    const key = readPublicKey(organisation.publicKey);
    expect(isCountersignature(payload, key, sig)).toBe(true);
    expect(isCountersignature(`${payload} `, key, sig)).toBe(false);
    expect(isCountersignature(payload, readPublicKey(foreign.publicKey), sig)).toBe(false);
  });

  it.each([
    ['a name in place of the person’s identifier', { person: 'Amina' }, 'document_malformed'],
    ['a key of another length', { signatureKey: 'AAAA' }, 'document_malformed'],
    ['more than the form has', { office: 'embassy' }, 'document_malformed'],
  ])('with %s is refused', (_name, changes, code) => {
    expect(codeOf(() => judgeMessagingCertificate(signed([online, organisation], changes), root))).toBe(code);
  });

  it('is no other document', () => {
    const list = { ...signed([online]), payloadType: PAYLOAD_TYPES.list };
    expect(codeOf(() => judgeMessagingCertificate(list, root))).toBe('document_wrong_type');
  });
});

it("a device's word about its key is signed by its own key", () => {
  const { envelope, signatureKey } = messagingKey(device, own);
  expect(readMessagingKey(envelope, readPublicKey(own.publicKey))).toMatchObject({ device, signatureKey });
  expect(codeOf(() => readMessagingKey(envelope, readPublicKey(foreign.publicKey)))).toBe('signature_invalid');
  expect(codeOf(() => readMessagingKey(signed([own]), readPublicKey(own.publicKey)))).toBe('document_wrong_type');
});

describe('organisation keys of a root', () => {
  const [ada] = people;
  const rootWith = (...keys: (typeof online)[]) =>
    codeOf(() => signedRoot(rootDocument(people, online, { organisationKeys: keys.map(named) }), people));
  it.each<[string, string]>([
    ['one', rootWith(organisation)],
    ['two', rootWith(organisation, foreign)],
  ])('%s', (_name, code) => expect(code).toBe('accepted'));
  it.each<[string, string]>([
    ['one that stands twice', rootWith(organisation, organisation)],
    ['one that is online', rootWith(organisation, online)],
    ['one that is an approver’s', rootWith(ada?.key ?? online)],
  ])('%s is refused', (_name, code) => expect(code).toBe('document_malformed'));

  it('none, in a root from before there were any', () => {
    const { envelope } = signedRoot(rootDocument(people, online), people);
    expect(readRoot(envelope).organisationKeys).toEqual([]);
  });
});
