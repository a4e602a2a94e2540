/**
 * Time-based one-time passwords (RFC 6238) with the parameters that all authenticator apps use. The store rejects a code that was used
 * before.
 */
import { generateSecret, generateURI, verifySync } from 'otplib';

const PERIOD = 30;

export const newTotpSecret = (): string => generateSecret({ length: 20 });

export const totpUri = (issuer: string, email: string, secret: string): string =>
  generateURI({ issuer, label: email, secret, period: PERIOD });

/**
 * Time step of an authenticator code: the current step, the previous one or the next one (RFC 6238, section 5.2). Null for a wrong code.
 */
export function totpStep(secret: string, code: string, now: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const epoch = Math.floor(now / 1000);
  const result = verifySync({ secret, token: code, epoch, period: PERIOD, epochTolerance: PERIOD });
  return result.valid ? Math.floor(epoch / PERIOD) + result.delta : null;
}
