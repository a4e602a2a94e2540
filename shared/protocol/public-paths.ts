/** Path of the issuing CA's revocation list, DER (RFC 5280, section 5). */
export const CRL_PATH = '/crl/issuing.crl';
