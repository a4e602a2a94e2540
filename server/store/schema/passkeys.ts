export interface PasskeyTables {
  passkeys: {
    id: string;
    account_id: string;
    /**
     * Purpose of the passkey. `sign-in`: sign-in, step-up and confirmation of actions. `approval`: signatures under documents, as an
     * approver key.
     */
    purpose: 'sign-in' | 'approval';
    name: string;
    /** Credential id of WebAuthn in base64url. */
    credential_id: string;
    /** COSE key (RFC 9052) in base64url. */
    public_key: string;
    /** Newest signature counter. 0 if the authenticator has no counter. */
    counter: number;
    /** Relying party id for which the passkey works. */
    rp_id: string;
    /** Id of the approver key; null for other purposes. */
    keyid: string | null;
    created_at: number;
    last_used_at: number | null;
  };
  /** Recovery codes. `hash`: SHA-256 of a code, which has 80 random bits. */
  recovery_codes: { hash: string; account_id: string; created_at: number; used_at: number | null };
  /** Assertions by which account holders confirmed actions. `digest`: SHA-256 of the assertion, as in the ledger entry. */
  passkey_confirmations: {
    digest: string;
    account_id: string;
    passkey_id: string;
    action_hash: string;
    /** Content of the action as JSON, whose SHA-256 is `action_hash`. */
    content: string;
    /** Signed statement, which contains the hash of the action (`passkey-challenge.ts`). */
    statement: string;
    assertion: string;
    at: number;
  };
}
