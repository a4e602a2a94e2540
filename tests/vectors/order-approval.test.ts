/** An independent implementation of DSSE, Debian's python3-securesystemslib, accepts exactly the approvals that Cordon accepts. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { approveRevision, revisionEnvelope } from '../../shared/order/approver-key.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import type { Envelope } from '../../shared/order/documents.ts';
import { createKeyFile } from '../../shared/order/key-file.ts';
import { revisionDocument } from '../support/signed-documents.ts';
import { needed } from '../support/tools.ts';

// Debian's package works only with Debian's Python, even if another Python is first in the PATH.
const PYTHON = '/usr/bin/python3';
const probe = spawnSync(PYTHON, ['-c', 'import securesystemslib, cryptography']);
const { present } = needed('securesystemslib', 'apt install python3-securesystemslib', probe.status === 0);

const VERIFY = `
import base64, json, sys
from cryptography.hazmat.primitives.serialization import load_der_public_key, Encoding, PublicFormat
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
given = json.load(sys.stdin)
keys = []
for keyid, der in given["keys"].items():
    raw = load_der_public_key(base64.b64decode(der)).public_bytes(Encoding.Raw, PublicFormat.Raw)
    keys.append(SSlibKey(keyid, "ed25519", "ed25519", {"public": raw.hex()}))
envelope = Envelope.from_dict(given["envelope"])
accepted = envelope.verify(keys, given["threshold"])
print(json.dumps({"accepted": sorted(accepted), "payload": json.loads(envelope.payload)["order"]}))
`;

function verify(envelope: Envelope, keys: Record<string, string>, threshold: number) {
  const input = JSON.stringify({ envelope, keys, threshold });
  const { status, stdout, stderr } = spawnSync(PYTHON, ['-c', VERIFY], { input, encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe.skipIf(!present)('the Python library securesystemslib', () => {
  const [ada, ben] = [createKeyFile('a passphrase of ada').key, createKeyFile('a passphrase of ben').key];
  const keys = { [ada.keyid]: ada.publicKey, [ben.keyid]: ben.publicKey };
  const payload = canonicalText(revisionDocument());
  const signatures = [ada, ben].map((key) => ({ keyid: key.keyid, sig: approveRevision(key, payload) }));
  const envelope: Envelope = { ...revisionEnvelope(payload, []), signatures };

  it('accepts two approvals of one revision', () => {
    const { status, stdout, stderr } = verify(envelope, keys, 2);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ accepted: [ada.keyid, ben.keyid].sort(), payload: '2015-001' });
  });

  it('refuses a document that was changed after the signature, and one approval where two are required', () => {
    const edited = Buffer.from(payload.replace('"PK"', '"IN"')).toString('base64');
    expect(verify({ ...envelope, payload: edited }, keys, 2).stderr).toContain('VerificationError');
    expect(verify({ ...envelope, signatures: signatures.slice(0, 1) }, keys, 2).stderr).toContain('VerificationError');
  });
});
