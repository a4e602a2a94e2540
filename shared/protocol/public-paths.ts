/** Path of the issuing CA's certificate revocation list in DER (RFC 5280, section 5). */
export const CRL_PATH = '/crl/issuing.crl';
