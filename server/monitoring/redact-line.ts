/** Removes secrets from one line of the log: in fields, in longer texts and in errors. */

export const REMOVED = '[removed]';

/** Names of fields whose value is a secret, at every depth. */
export const SECRET_FIELDS = [
  'password',
  'passphrase',
  'totp',
  'totpSecret',
  'secret',
  'token',
  'csrf',
  'x-cordon-csrf',
  'cookie',
  'set-cookie',
  'authorization',
  'privateKey',
  'keyPem',
] as const;

const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
/** Pattern for a secret value in a header, or in the query or fragment of a URL. The value ends at a separator. */
const VALUE = String.raw`[^&;,\s"\\]+`;

const PATTERNS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [new RegExp(`"(${SECRET_FIELDS.join('|')})":(?:${STRING}|\\[[^\\]]*\\]|[\\d.]+)`, 'gi'), `"$1":"${REMOVED}"`],
  [/cordon_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/g, REMOVED],
  [new RegExp(`\\b(cordon_(?:session|browser))=${VALUE}`, 'g'), `$1=${REMOVED}`],
  // Minimum length of a token, longer than any word of a sentence.
  [/\b(bearer|basic) [A-Za-z0-9._~+/=-]{16,}/gi, `$1 ${REMOVED}`],
  // Links with secrets, such as invitations and activation links. The log keeps the identifier in the link.
  [
    new RegExp(`\\b(invitation|verify|reset|password|passphrase|totp|secret|token)(=|%3D)${VALUE}`, 'gi'),
    `$1$2${REMOVED}`,
  ],
  [/(dev_[a-z2-7]{16})(\.|%2E)[a-z2-7]{20,64}\b/gi, `$1$2${REMOVED}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/[^:@/\s"\\]*):[^@/\s"\\]+@/gi, `$1:${REMOVED}@`],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?/g, `$1 ${REMOVED}`],
  [/AGE-SECRET-KEY-1[A-Z0-9]+/gi, REMOVED],
];

/** Removes secrets from a log line. `line`: JSON on one line. Returns the same JSON without secrets, also on one line. */
export function redactLine(line: string): string {
  return PATTERNS.reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), line);
}
