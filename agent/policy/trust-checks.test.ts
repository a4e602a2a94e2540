import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificatesSchema } from '../../shared/policy/managed-files.ts';
import { selfSigned } from '../../tests/support/behind-proxy.ts';
import { checkTrusted, judgeNetworks } from './trust-checks.ts';

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';

function bundle(): string | null {
  try {
    return readFileSync(BUNDLE, 'utf8');
  } catch {
    // A system without Debian's bundle.
    return null;
  }
}

describe('certificates', () => {
  it.skipIf(bundle() === null)('are found in the bundle of this system, and others are not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cordon-trust-'));
    try {
      const own = readFileSync(selfSigned(folder, 'DNS:localhost').chain, 'utf8');
      const [, known = ''] = /(-----BEGIN[\s\S]*?END CERTIFICATE-----)/.exec(bundle() ?? '') ?? [];
      expect(certificatesSchema.safeParse([known, own]).success).toBe(true);
      expect(await checkTrusted([known])).toMatchObject({ status: 'met' });
      const outcome = await checkTrusted([known, own]);
      expect(outcome.status).toBe('not-met');
      expect(outcome.detail).toMatch(/^Not trusted: CN=.*\.$/);
      expect(await checkTrusted([known], [join(folder, 'none')])).toMatchObject({ status: 'unknown' });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('connections of NetworkManager', () => {
  const output = 'Office:802-11-wireless\nHead\\: quarters:vpn\ntunnel:wireguard\n';
  it.each([
    [{ Office: 'wifi', 'Head: quarters': 'vpn', tunnel: 'wireguard' }, 'met', 'All connections exist.'],
    [{ Office: 'vpn' }, 'not-met', 'Office has the type 802-11-wireless.'],
    [{ Home: 'wifi' }, 'not-met', 'Home is missing.'],
  ] as const)('judges %j', (wanted, status, detail) => {
    const outcome = judgeNetworks(wanted, output);
    expect(outcome.status).toBe(status);
    expect(outcome.detail).toContain(detail);
  });
});
