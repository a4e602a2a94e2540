import type { Flag } from './flag.ts';

export interface OpenIdTables {
  /**
   * Identity of an account at the identity provider. An account has at most one that is linked. An identity belongs to one account forever,
   * also after it was unlinked.
   */
  provider_identities: {
    account_id: string;
    issuer: string;
    subject: string;
    linked_at: number;
    /** Time of the last sign-in with the provider; the time of the link before the first one. */
    signed_in_at: number;
    /**
     * 1 if the identity proves the account holder, so that the holder counts as a verified approver. A password reset by a link that an
     * admin saw sets 0, because that admin may control the account.
     */
    proven: Flag;
    /** Time at which the identity was unlinked; null while it is linked. */
    unlinked_at: number | null;
  };
}
