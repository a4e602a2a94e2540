import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificatesSchema } from '../../shared/policy/managed-files.ts';
import { selfSigned } from '../../tests/support/behind-proxy.ts';
import { checkTrusted } from './trust-checks.ts';

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
