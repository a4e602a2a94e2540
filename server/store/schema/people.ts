import type { Flag } from './flag.ts';

export interface PeopleTables {
  groups: {
    id: string;
    name: string;
    home: string | null;
    seat: string | null;
    created_at: number;
    /** 1 if the devices may serve mail to other mail programs. */
    mail_programs: 1 | null;
    /** Expression of a dynamic group in CEL; null for a static group. */
    expression: string | null;
    /** 1 if an owner allows roles and order exemptions for a dynamic group, although devices claim some facts themselves. */
    trusted: 1 | null;
    /** Last device, by id, for which the server has evaluated the present expression; null if it has evaluated all devices. */
    built_after: string | null;
  };
  persons: {
    id: string;
    /**
     * Unique key of a person: the canonical e-mail address, or the subject that the identity provider gives for the person's accounts.
     * `person:` and the id if there is neither. A new account with the same key belongs to the same person.
     */
    subject: string;
    name: string;
    /** Name as normalized by `foldedName`, for search and sorting only. */
    folded: string;
    email: string | null;
    email_key: string | null;
    directory_id: string | null;
    status: 'active' | 'disabled';
    created_at: number;
    /**
     * Id of the oldest record of the same person; null for the oldest or only record. Two records can belong to one person because a newer
     * version of Cordon treats two spellings of an e-mail address as equal.
     */
    same_as: string | null;
  };
  person_groups: { person_id: string; group_id: string };
  accounts: {
    id: string;
    person_id: string;
    /** E-mail address as entered, for display and mail. */
    email: string;
    /** E-mail address as normalized by `emailKey`, by which a sign-in finds the account. */
    email_key: string;
    name: string;
    password_hash: string | null;
    /** TOTP secret, encrypted under the installation's passphrase (`certs/custody.ts`). */
    totp_sealed: string | null;
    /** Time step of the last accepted TOTP code, so that each code works once. */
    totp_last_step: number;
    status: 'active' | 'disabled';
    created_at: number;
    /** E-mail address that the account's owner verified. The verification is valid only while this address equals `email`. */
    verified_email: string | null;
    email_verified_at: number | null;
  };
  role_grants: {
    account_id: string;
    role: string;
    group_id: string | null;
    area: string | null;
    granted_at: number;
    /**
     * Origin of the role. `provider`: the groups of the identity provider gave the role, and a later sign-in may remove it. `manual`: an
     * owner granted the role.
     */
    source: 'manual' | 'provider';
  };
  /** Custom roles. `folded`: normalized name, unique. `rights`: JSON list of names of rights. */
  custom_roles: {
    id: string;
    name: string;
    folded: string;
    description: string;
    rights: string;
    version: number;
    created_at: number;
    changed_at: number;
  };
  /** Immutable version of a custom role. */
  custom_role_versions: {
    role_id: string;
    version: number;
    name: string;
    description: string;
    rights: string;
    digest: string;
    changed_by: string;
    at: number;
  };
  invitations: {
    hash: string;
    account_id: string;
    expires_at: number;
    used_at: number | null;
    /** E-mail address to which the server sent the invitation link; null if an admin saw the invitation link instead. */
    mailed_to: string | null;
  };
  address_verifications: { account_id: string; hash: string; email: string; expires_at: number };
  /**
   * Admins (`seen_by`) who created an account, or who saw an invitation or credential reset link of the account. Such an admin could sign
   * in with the account, so approvals by the admin and by the account's holder count as one.
   */
  account_links: { account_id: string; seen_by: string; kind: 'created' | 'link'; at: number };
  sessions: {
    id: string;
    hash: string;
    /** SHA-256 of the session's CSRF token. The console's page sends this token in addition to the session cookie. */
    page_hash: string;
    account_id: string;
    created_at: number;
    /** Time of the last sign-in or step-up in this session. */
    authenticated_at: number;
    last_used_at: number;
    expires_at: number;
    address: string;
    user_agent: string;
    /** 1 if a recovery code opened the session. A step-up sets 0. */
    by_recovery_code: Flag;
  };
  api_tokens: {
    id: string;
    hash: string;
    account_id: string;
    name: string;
    created_at: number;
    expires_at: number | null;
    /** 1 if the API token may perform destructive actions without a step-up. */
    destructive: Flag;
    /** Custom role to whose rights the token is limited; null for all rights of its account. */
    role_id: string | null;
    last_used_at: number | null;
    last_address: string | null;
  };
  approver_keys: {
    keyid: string;
    person_id: string;
    account_id: string;
    public_key: string;
    registered_at: number;
    /** Relying party id of a passkey; null for a key in a file or browser. */
    rp_id: string | null;
  };
  actions: {
    id: string;
    action: string;
    route: string;
    content: string;
    hash: string;
    device_count: number;
    account_id: string;
    person_id: string;
    proposed_at: number;
    expires_at: number;
    status: string;
    decided_at: number | null;
    decided_by: string | null;
    reason: string | null;
    outcome: string | null;
  };
  /** Devices whose data a person destroyed in the last 24 hours without a second person. */
  solo_actions: { person_id: string; device_id: string; at: number };
}
