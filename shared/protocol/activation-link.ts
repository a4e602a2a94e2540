/**
 * Activation link with all data that a device needs to enroll. The link has the fingerprint of the root CA, so that a device never trusts
 * an unknown server, and a secret for one enrollment.
 *
 * `cordon:enroll?public=https://HOST:8444&device=wss://HOST:8443&ca=<SHA-256 of the root certificate, hex>&code=<device id>.<secret>`
 */
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import { type DeviceId, deviceIdSchema } from './ids.ts';

export interface ActivationLink {
  /** URL of the public listener, without a trailing slash. */
  readonly publicUrl: string;
  /** URL of the device listener, without a trailing slash. */
  readonly deviceUrl: string;
  /** SHA-256 of the root certificate in DER, lower-case hex. */
  readonly fingerprint: string;
  readonly code: { readonly id: DeviceId; readonly secret: string };
}

/** Pattern of the secret. A secret of 128 bits has 26 characters in base32. */
const SECRET = /^[a-z2-7]{20,64}$/;

const origin = (protocol: string) =>
  z.url().transform((text, context) => {
    const url = new URL(text);
    if (url.protocol === protocol && url.pathname === '/' && !url.username && !url.search && !url.hash) {
      return `${protocol}//${url.host}`;
    }
    context.addIssue(`must be ${protocol}//HOST:PORT and nothing more`);
    return z.NEVER;
  });

const linkSchema = z.strictObject({
  public: origin('https:'),
  device: origin('wss:'),
  ca: z
    .string()
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
  code: z.templateLiteral([deviceIdSchema, '.', z.string().regex(SECRET)]),
});

export function formatActivationLink({ publicUrl, deviceUrl, fingerprint, code }: ActivationLink): string {
  return `cordon:enroll?public=${publicUrl}&device=${deviceUrl}&ca=${fingerprint}&code=${code.id}.${code.secret}`;
}

/** Parses an activation link. Throws `invalid_input`. The error never contains the secret. */
export function parseActivationLink(text: string): ActivationLink {
  const [scheme, query = ''] = text.trim().split('?');
  const parameters = new URLSearchParams(query);
  const names = [...parameters.keys()];
  if (scheme?.toLowerCase() !== 'cordon:enroll' || new Set(names).size !== names.length) {
    throw new CordonError(
      'invalid_input',
      'This is not an activation link. A link is one line and starts with cordon:enroll?',
    );
  }
  const parsed = linkSchema.safeParse(Object.fromEntries(parameters));
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') || 'one of its parts';
    throw new CordonError(
      'invalid_input',
      `The activation link is damaged at ${where}. Copy the whole line again, or ask an admin for a new link.`,
      { field: where },
    );
  }
  const { public: publicUrl, device: deviceUrl, ca: fingerprint, code } = parsed.data;
  const [id, secret = ''] = code.split('.');
  return { publicUrl, deviceUrl, fingerprint, code: { id: deviceIdSchema.parse(id), secret } };
}
