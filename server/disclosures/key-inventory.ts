/** Inventory of all keys of a server, for the transparency report. It shows that no key opens messages and that no key can be handed over. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import type { InventoryKey } from '../../shared/disclosure/documents.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { sha256 } from '../../shared/order/digest.ts';

export interface PublicKeys {
  readonly rootDer: Buffer;
  readonly issuingDer: Buffer;
  /** SubjectPublicKeyInfo in base64. */
  readonly online: string;
  readonly ledger: string;
}

export function keyInventory({ rootDer, issuingDer, online, ledger }: PublicKeys): InventoryKey[] {
  const ofCertificate = (der: Buffer) =>
    digestOf(new X509Certificate(der).publicKey.export({ type: 'spki', format: 'der' }));
  const ofKey = (base64: string) =>
    digestOf(
      createPublicKey({ key: Buffer.from(base64, 'base64'), type: 'spki', format: 'der' }).export({
        type: 'spki',
        format: 'der',
      }),
    );
  return [
    {
      use: 'Root certificate',
      opens: 'Signs the issuing certificate. Decrypts nothing.',
      publicKey: ofCertificate(rootDer),
    },
    {
      use: 'Issuing certificate',
      opens: 'Signs certificates of devices and of the server, and revocation lists. Decrypts nothing.',
      publicKey: ofCertificate(issuingDer),
    },
    {
      use: 'TLS certificate of the server',
      opens: 'Proves the identity of the server in TLS. Messages inside the connection are sealed to devices.',
      publicKey: null,
    },
    {
      use: 'Online key',
      opens:
        'Keeps the order list fresh and certifies messaging keys, which the organization countersigns. Decrypts nothing.',
      publicKey: ofKey(online),
    },
    { use: 'Ledger key', opens: 'Signs checkpoints of the public ledger. Decrypts nothing.', publicKey: ofKey(ledger) },
    {
      use: 'Storage key, derived from the passphrase',
      opens:
        'Decrypts the server’s own keys, documents of instruments, the keys of people, and positions of devices in lost mode.',
      publicKey: null,
    },
    {
      use: 'Keys of people',
      opens: 'Each decrypts connection log and enrollment details of one person for 30 days. Decrypts no message.',
      publicKey: null,
    },
    {
      use: 'Shares for a reset of workspace passcodes',
      opens: 'Half of the key of a workspace with a passcode. Decrypts nothing without the half on the device.',
      publicKey: null,
    },
    {
      use: 'Unlock shares of locked workspaces',
      opens: 'Half of the key of a locked workspace. Decrypts nothing without the half on the device.',
      publicKey: null,
    },
  ];
}

export const inventoryDigest = (keys: readonly InventoryKey[]): string => sha256(canonicalText([...keys]));

const digestOf = (der: Buffer): string => sha256(der);
