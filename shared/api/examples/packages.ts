/** Examples of packages for the OpenAPI document. */
const statement = {
  architecture: 'amd64',
  name: 'example-vpn',
  sha256: '3f9c0e3b6d1a4c58e7b2a9d0f6c4e1b8a7d5c3f2e1b0a9d8c7f6e5d4c3b2a190',
  size: 1_482_752,
  version: '2.4.1',
};
export const packageView = {
  ...statement,
  format: 'deb',
  note: 'Client of the new VPN',
  uploadedAt: 1_447_232_400_000,
  uploadedBy: 'acc_a2b3c4d5e6f7g2h3',
  envelope: null,
  signedBy: null,
  statement: JSON.stringify(statement),
  signers: ['Bilal', 'Chandra'],
  obstacles: { sign: null, install: null, publish: null },
};
export const packageList = { packages: [packageView], people: { acc_a2b3c4d5e6f7g2h3: 'Ayesha' } };
export const packageSignature = {
  keyid: '8d0e6a5b4c3f2e1d0c9b8a7f6e5d4c3b2a190f8e7d6c5b4a39281706f5e4d3c2',
  signature: 'bm90IGEgcmVhbCBzaWduYXR1cmUsIG9ubHkgYW4gZXhhbXBsZQ==',
};
