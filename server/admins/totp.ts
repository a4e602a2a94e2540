/**
 * Time-based one-time passwords (RFC 6238) with the parameters that all authenticator apps use. The store rejects a code that was used
 * before.
 */

const PERIOD = 30;

/** Loads the package at its first use, because a start needs no code. */
const otp = () => import('otplib');

export const newTotpSecret = async (): Promise<string> => (await otp()).generateSecret({ length: 20 });

export const totpUri = async (issuer: string, email: string, secret: string): Promise<string> =>
  (await otp()).generateURI({ issuer, label: email, secret, period: PERIOD });

/**
 * Time step of an authenticator code: the current step, the previous one or the next one (RFC 6238, section 5.2). Null for a wrong code.
 */
export async function totpStep(secret: string, code: string, now: number): Promise<number | null> {
  if (!/^\d{6}$/.test(code)) return null;
  const epoch = Math.floor(now / 1000);
  const { verifySync } = await otp();
  const result = verifySync({ secret, token: code, epoch, period: PERIOD, epochTolerance: PERIOD });
  return result.valid ? Math.floor(epoch / PERIOD) + result.delta : null;
}
