/** Settings of the identity provider, from the file that `CORDON_OIDC_FILE` names. */
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { grantSchema } from '../../shared/api/accounts.ts';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import type { OpenIdFiles } from '../config.ts';
import { isProtected } from './protected-url.ts';

const LARGEST_FILE = 256 * 1024;

/** Issuer identifier (OpenID Connect Discovery, section 3). Plain HTTP is for a provider on this machine, which has no network to protect. */
const issuerUrl = z.string().refine((value) => {
  const url = URL.parse(value);
  return url !== null && url.search === '' && url.hash === '' && url.username === '' && isProtected(url);
}, 'must be an https:// URL without a query. http:// is allowed only for localhost');

const settingsSchema = z.strictObject({
  /** Name on the sign-in button. */
  name: z.string().trim().min(1).max(60),
  issuer: issuerUrl,
  clientId: z.string().min(1).max(256),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/, 'is a scope, without spaces'))
    .max(20)
    .refine((scopes) => scopes.includes('openid'), 'must contain openid')
    .default(['openid', 'profile', 'email']),
  groupsClaim: z.string().min(1).max(200).default('groups'),
  onlyProvider: z.boolean().default(false),
  roles: z
    .array(grantSchema.extend({ providerGroup: z.string().min(1).max(256) }))
    .min(1)
    .max(500),
});

export type ProviderSettings = Readonly<z.output<typeof settingsSchema>> & {
  /** Client secret; null for a public client, which only PKCE protects. */
  readonly clientSecret: string | null;
};

/** Reads and checks the settings. Throws `invalid_input`, whose message names the variable, the file, the field and the remedy. */
export function readProviderSettings({ file, secret, secretFile }: OpenIdFiles): ProviderSettings {
  const text = read('CORDON_OIDC_FILE', file);
  const parsed = parse(text, file);
  if (secretFile === null) return { ...parsed, clientSecret: secret };
  requirePrivateFile(secretFile);
  const clientSecret = read('CORDON_OIDC_CLIENT_SECRET_FILE', secretFile).trim();
  if (clientSecret === '')
    throw invalid('CORDON_OIDC_CLIENT_SECRET_FILE', `${secretFile} is empty. Write the secret into it.`);
  return { ...parsed, clientSecret };
}

function parse(text: string, file: string): z.output<typeof settingsSchema> {
  let issue: string;
  try {
    const result = settingsSchema.safeParse(JSON.parse(text));
    if (result.success) return result.data;
    const [first] = result.error.issues;
    issue = `${first?.path.join('.') || 'the file'}: ${first?.message ?? 'invalid'}`;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isCordonError(error)) throw error;
    issue = error.message;
  }
  throw invalid(
    'CORDON_OIDC_FILE',
    `${file} is not a valid description of an identity provider (${issue}). Correct the file.`,
  );
}

function read(variable: string, path: string): string {
  try {
    if (statSync(path).size > LARGEST_FILE)
      throw invalid(variable, `${path} is larger than ${LARGEST_FILE} bytes. Correct the path.`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCordonError(error)) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const why =
      code === 'ENOENT' ? 'does not exist. Correct the path' : `cannot be read (${code}). Correct the path or its mode`;
    throw invalid(variable, `${path} ${why}.`, error);
  }
}

const invalid = (variable: string, why: string, cause?: unknown) =>
  new CordonError('invalid_input', `${variable}: ${why}`, {}, cause);
