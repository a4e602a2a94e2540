/** Messaging keys that devices send. The server certifies each key with its online key. */
import { X509Certificate } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import { sha256 } from '../../shared/order/digest.ts';
import type { Envelope, MessagingCertificate } from '../../shared/order/documents.ts';
import { keyidOf, type Signer } from '../../shared/order/dsse.ts';
import { certifyMessagingKey, readMessagingKey } from '../../shared/order/messaging-certificate.ts';
import { foldedName } from '../../shared/order/person.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { countersignaturesOf } from './organization-keys.ts';
import type { ApproverSetPort, MessagingKeyStore, NewSignature, SignedKey } from './ports.ts';
import { envelopeOf } from './proofs.ts';

export interface OwnKey {
  /** Messaging key of the device's current enrollment; null before the device has sent a key. */
  readonly certificate: Envelope | null;
  readonly countersigned: boolean;
}

export interface KeyOwners {
  readonly devices: {
    get(device: DeviceId): Promise<{
      readonly person: PersonId;
      readonly user: string;
      readonly group: { readonly name: string };
      readonly mailConnector: boolean;
    }>;
  };
  readonly people: { get(person: PersonId): Promise<{ readonly email: string | null }> };
}

export interface MessagingKeysPorts {
  readonly installation: string;
  readonly store: MessagingKeyStore;
  readonly approverSets: ApproverSetPort;
  readonly online: Signer;
  readonly owners: KeyOwners;
  readonly bus: Bus;
  readonly clock: Clock;
}

export function createMessagingKeys(ports: MessagingKeysPorts) {
  const { installation, store, approverSets, online, owners, bus, clock } = ports;

  async function own(device: DeviceId, generation: number): Promise<OwnKey> {
    const key = await store.keyOf(device, generation);
    if (!key) return { certificate: null, countersigned: false };
    return { certificate: envelopeOf(key), countersigned: countersignaturesOf(key, approverSets.current()).length > 0 };
  }

  /**
   * Stores one messaging key for each enrollment, and never replaces it: a second certificate for one enrollment would look like an attack
   * by the server. A device that lost its key must enroll again. Throws `messaging_key_taken` for a second key.
   */
  async function submitKey(
    identity: { readonly device: DeviceId; readonly generation: number; readonly der: string },
    envelope: Envelope,
  ): Promise<OwnKey> {
    const { device, generation } = identity;
    const { publicKey: key } = new X509Certificate(Buffer.from(identity.der, 'base64'));
    const claimed = readMessagingKey(envelope, { keyid: keyidOf(key), key });
    if (claimed.installation !== installation || claimed.device !== device || claimed.generation !== generation) {
      throw new CordonError('conflict', 'A device can only submit its own key for its current enrollment.');
    }
    if (!(await store.keyOf(device, generation))) await certify(device, generation, claimed.signatureKey);
    const stored = await store.keyOf(device, generation);
    if (!stored) {
      throw new CordonError('certificate_revoked', 'The device was revoked or has enrolled again in the meantime.');
    }
    if (stored.signatureKey !== claimed.signatureKey) {
      throw new CordonError(
        'messaging_key_taken',
        'This enrollment has already submitted another messaging key. Enroll the device again with a new activation link.',
      );
    }
    return own(device, generation);
  }

  async function certify(device: DeviceId, generation: number, signatureKey: string): Promise<void> {
    const { person, user: name, group, mailConnector } = await owners.devices.get(device);
    const { email } = await owners.people.get(person);
    const certifiedAt = clock.now();
    const document: MessagingCertificate = {
      installation,
      device,
      generation,
      person,
      name,
      email,
      group: group.name,
      ...(mailConnector && { mailConnector: true as const }),
      signatureKey,
      issuedAt: new Date(certifiedAt).toISOString(),
    };
    const envelope = certifyMessagingKey(document, online);
    const bytes = Buffer.from(envelope.payload, 'base64');
    const payload = bytes.toString('utf8');
    const digest = sha256(bytes);
    const key = { device, generation, person, name, signatureKey, payload, digest, certifiedAt };
    await store.certify(
      { ...key, folded: foldedName(name) },
      onlineSignature(key, online.keyid, envelope.signatures[0]?.sig ?? ''),
    );
    bus.publish({ kind: 'devices' });
  }

  return { own, submitKey };
}

function onlineSignature(
  key: Pick<SignedKey, 'device' | 'generation' | 'digest' | 'certifiedAt'>,
  keyid: string,
  signature: string,
): NewSignature {
  const entry = {
    kind: 'messaging-key.certified',
    at: key.certifiedAt,
    subject: key.device,
    public: { digest: key.digest },
  } as const;
  return { key, keyid, role: 'online', signature, entry };
}
