/** Paths of the public listener that both the server and an agent must know. */

/** The revocation list of the issuing CA, DER (RFC 5280, section 5). */
export const CRL_PATH = '/crl/issuing.crl';
