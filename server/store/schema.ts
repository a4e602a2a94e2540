/**
 * The tables, as Kysely sees them: one schema for both dialects. All times are Unix milliseconds, all documents are text, all
 * flags are 0 or 1, so that SQLite and PostgreSQL hold and return the same values. `migrations/` creates exactly this.
 */
import type { Generated } from 'kysely';

type Flag = 0 | 1;

export interface Schema {
  /** Facts about the installation: its id, the open ledger tree's size, … */
  meta: { key: string; value: string };

  // --- people -------------------------------------------------------------------------------------------------------
  /** One human being, who may hold admin accounts, use devices, or both. Only `id` decides identity. */
  persons: {
    id: string;
    /** The canonical e-mail or the identity provider's subject of the accounts; `person:` and the id for a person without one. */
    subject: string;
    name: string;
    /** `foldedName` of the name: for search and order, never for identity. */
    folded: string;
    /** As an admin entered it. */
    email: string | null;
    /** The canonical form, which is unique. */
    email_key: string | null;
    /** The person's identifier in the organization's directory. */
    directory_id: string | null;
    status: 'active' | 'disabled';
    created_at: number;
    /** The person that this one turned out to be, when the rule for equal addresses changed; that one has no `same_as`. */
    same_as: string | null;
  };
  person_groups: { person_id: string; group_id: string };
  accounts: {
    id: string;
    person_id: string;
    /** As given: displayed, and used for mail. */
    email: string;
    /** Finds the account at sign-in; see `emailKey`. */
    email_key: string;
    name: string;
    password_hash: string | null;
    /** Sealed by the key custody of `certs`; never the plain secret. */
    totp_sealed: string | null;
    /** The last time step that signed in: a code works once. */
    totp_last_step: number;
    status: 'active' | 'disabled';
    created_at: number;
  };
  role_grants: { account_id: string; role: string; group_id: string | null; area: string | null; granted_at: number };
  invitations: { hash: string; account_id: string; expires_at: number; used_at: number | null };
  /** Accounts that created another account, or were shown an invitation or a credential reset link of it. */
  account_links: { account_id: string; seen_by: string; kind: 'created' | 'link'; at: number };
  sessions: {
    id: string;
    /** SHA-256 of the cookie. */
    hash: string;
    /** SHA-256 of the page's half. */
    page_hash: string;
    account_id: string;
    created_at: number;
    /** The last time that the admin gave credentials in this session. */
    authenticated_at: number;
    last_used_at: number;
    expires_at: number;
    address: string;
    user_agent: string;
  };
  api_tokens: {
    id: string;
    hash: string;
    account_id: string;
    name: string;
    created_at: number;
    expires_at: number | null;
    /** 1: the token may perform destructive actions without a step-up sign-in. */
    destructive: Generated<Flag>;
    last_used_at: number | null;
    last_address: string | null;
  };
  /** Destructive actions that wait for a second person, and their decisions. `content` is JSON, fixed by `hash`. */
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
  /** The devices that one person acted on alone in the last 24 hours. */
  devices_acted_on: { person_id: string; device_id: string; action: string; account_id: string; at: number };
  approver_keys: { keyid: string; person_id: string; account_id: string; public_key: string; registered_at: number };

  // --- devices ------------------------------------------------------------------------------------------------------
  groups: { id: string; name: string; home: string | null; seat: string | null; created_at: number };
  activation_codes: {
    /** The id that the device will have. */
    id: string;
    secret_hash: string;
    person_id: string;
    group_id: string;
    home: string | null;
    seat: string | null;
    created_by: string;
    created_at: number;
    expires_at: number;
    used_at: number | null;
    cancelled_at: number | null;
  };
  devices: {
    id: string;
    generation: number;
    status: 'active' | 'revoked' | 'unenrolled';
    person_id: string;
    /** The person's name, copied: lists sort by it. */
    user_name: string;
    group_id: string;
    home: string | null;
    seat: string | null;
    enrolled_at: number;
    ended_at: number | null;
    record_version: number;
    /** JSON of the statement in force, or null. */
    statement: string | null;
    /** When it lapses. */
    statement_until: number | null;
    /** The home that it states, above the device's and its group's; null for a statement of presence. */
    stated_home: string | null;
    /** 1 once it has a row in `locations`: an index finds what is there, and so not those without. */
    located: Generated<Flag>;
  };
  /** What changes with every check-in, apart from `devices` so that hot writes touch small rows. */
  device_presence: {
    device_id: string;
    generation: number;
    /** Counts sockets; a socket with a lower epoch is fenced. */
    session_epoch: number;
    connected: Flag;
    changed_at: number;
    last_seen_at: number;
    /** The observed source address and what the IP database said. */
    address: string | null;
    agent: string | null;
    list_version: number;
    record_stored: number;
    root_version: number;
    /** The highest report stored of this generation. */
    reports_through: number;
  };
  device_inventory: { device_id: string; at: number; hostname: string | null; platform: string | null; body: string };
  certificates: {
    serial: string;
    device_id: string | null;
    generation: number | null;
    profile: string;
    /** SHA-256 of the DER, lower-case hex. */
    fingerprint: string;
    der: string;
    not_before: number;
    not_after: number;
    issued_at: number;
    revoked_at: number | null;
    revocation_reason: number | null;
    /** Set when a renewal's certificate has been used: the older one is refused from then on. */
    superseded_at: number | null;
  };
  crls: { number: number; der: string; this_update: number; next_update: number; entries: number };
  commands: {
    id: string;
    device_id: string;
    generation: number;
    kind: string;
    body: string;
    state: 'queued' | 'stored' | 'done' | 'failed' | 'expired' | 'cancelled';
    /** The request to many that it is of; null for one of its own. */
    request: string | null;
    created_by: string;
    created_at: number;
    expires_at: number;
    stored_at: number | null;
    finished_at: number | null;
    detail: string | null;
  };
  /** `at`, `detail`: of the newest of `count` alarms, the first of which was at `first_at`. */
  alarms: {
    id: Generated<number>;
    at: number;
    first_at: Generated<number>;
    count: Generated<number>;
    device_id: string | null;
    code: string;
    detail: string;
  };

  /** The server's share of each lock of a workspace, base64. It opens nothing by itself. */
  unlock_shares: { command_id: string; device_id: string; share: string; created_at: number };

  /** By which approvers stated that the server's time was wrong. */
  time_corrections: { version: number; envelope: string; published_at: number; published_by: string };

  // --- legal holds --------------------------------------------------------------------------------------------------
  /** On a device, or on a person: then on every device of the person, also on later ones. */
  legal_holds: {
    id: string;
    device_id: string | null;
    person_id: string | null;
    reason: string;
    reference: string | null;
    placed_at: number;
    placed_by: string;
    released_at: number | null;
    released_by: string | null;
    release_reason: string | null;
    /** 1 once the devices' records say what stands here. */
    told: Flag;
  };

  // --- jurisdiction -------------------------------------------------------------------------------------------------
  evidence: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    source: string;
    areas: string;
    at: number;
    detail: string;
    /** When the server was told: later than `at` for what a device observed while it was away. */
    received_at: number;
  };
  /** The fold over a device's evidence (`LocationState` as JSON). `unknown_at`: when the last of it lapses; null: not by itself. */
  locations: {
    device_id: string;
    state: string;
    changed_at: number;
    unknown_at: number | null;
    /** Its `before` as JSON, which only folding asks for: apart, since a rehearsal reads the state of a whole fleet. */
    folded_before: string | null;
  };
  /**
   * The index by which an order finds its devices. `tie`: present (candidates of the location) | seen (what any source says) |
   * network | connected (the address does not age; area '').
   */
  device_ties: { device_id: string; tie: string; area: string };
  /** What a device belonged to, from when until when (null: still), so that a past verdict can be explained. */
  device_history: {
    id: Generated<number>;
    device_id: string;
    from_at: number;
    until_at: number | null;
    generation: number;
    status: 'active' | 'revoked' | 'unenrolled';
    group_id: string;
    home: string | null;
    seat: string | null;
    stated_home: string | null;
    /** When the statement of a home ends by itself. */
    stated_until: number | null;
  };
  /** The same of a group's name and of the places that it lends to its devices. */
  group_history: {
    id: Generated<number>;
    group_id: string;
    from_at: number;
    until_at: number | null;
    name: string;
    home: string | null;
    seat: string | null;
  };
  ip_databases: {
    hash: string;
    name: string;
    imported_at: number;
    imported_by: string | null;
    built_at: number;
    bytes: number;
    active: Flag;
  };
  /** From when on which was in use, and whose act that was. */
  ip_database_uses: { id: Generated<number>; hash: string; at: number; account: string | null };

  /** `body` is the document in canonical JSON, `hash` its SHA-256. Version 0 is built in and stands in none. */
  disputed_policies: {
    version: number;
    body: string;
    hash: string;
    imported_at: number;
    imported_by: string | null;
  };
  disputed_policy_uses: { id: Generated<number>; version: number; at: number; account: string | null };

  /** `body` is JSON: `members`, `polygon`. */
  named_areas: { code: string; version: number; title: string; body: string; made_at: number; made_by: string };

  // --- orders -------------------------------------------------------------------------------------------------------
  orders: {
    number: string;
    title: string;
    adopted_revision: number | null;
    latest_revision: number;
    created_at: number;
    closed_at: number | null;
  };
  order_revisions: {
    order_number: string;
    revision: number;
    act: string;
    /** The exact bytes that approvers sign (canonical JSON). */
    payload: string;
    digest: string;
    proposer: string;
    state: 'waiting' | 'adopted' | 'superseded';
    proposed_at: number;
    adopted_at: number | null;
    listed_in: number | null;
  };
  order_approvals: {
    order_number: string;
    revision: number;
    person_id: string;
    keyid: string;
    signature: string;
    stub_signature: string | null;
    approved_at: number;
  };
  /** Opens an exemption's commitment; private to the operator and the device. */
  order_exemptions: {
    order_number: string;
    revision: number;
    device_id: string;
    salt: string;
    commitment: string;
    until: number | null;
    reason: string | null;
  };
  /** When the server found an order in force or no longer so; alternating for each order. */
  /** How an order's exit ended an enrolment, and what was destroyed with it (JSON). */
  device_exits: {
    device_id: string;
    generation: number;
    order_number: string;
    revision: number;
    outcome: 'wiped' | 'silent';
    at: number;
    destroyed: string;
    salt: string;
  };
  /** From whom an exit waits for a word, since when, and when it was last seen to. */
  exit_awaited: {
    order_number: string;
    revision: number;
    device_id: string;
    generation: number;
    since: number;
    seen: number;
  };
  order_executions: {
    sequence: Generated<number>;
    order_number: string;
    revision: number;
    state: 'entered' | 'left';
    at: number;
  };
  /** Whom a revision denied something when it came into force, the first that did. */
  order_reached: { order_number: string; device_id: string; revision: number };
  /** Revisions of which all those are written down. */
  order_reached_whole: { order_number: string; revision: number; at: number };
  /** Of instruments, as they were received. `named`: 1 once a revision names it; until then it is kept for a month. */
  order_documents: {
    sha256: string;
    media_type: string;
    size: number;
    sealed: string;
    uploaded_by: string;
    uploaded_at: number;
    named: Flag;
  };
  /** What revisions commit to and do not say. */
  order_decisions: { commitment: string; order_number: string; revision: number; sealed: string };
  approver_roots: {
    version: number;
    payload: string;
    signatures: string;
    state: 'waiting' | 'adopted' | 'superseded';
    proposed_at: number;
    adopted_at: number | null;
  };
  order_lists: { version: number; envelope: string; hash: string; issued_at: number; expires_at: number };
  device_records: { device_id: string; version: number; envelope: string; issued_at: number };
  receipts: {
    device_id: string;
    generation: number;
    seq: number;
    kind: string;
    list_version: number;
    order_number: string | null;
    revision: number | null;
    service: string | null;
    gate: string | null;
    /** Which notice of the order's plan it is about; null: the order as such. */
    notice: string | null;
    at: number;
    stored_at: number;
    envelope: string;
    /** 0 until it has been looked at; 1: it is evidence; 2: it is none, and is kept and counted nowhere. */
    verified: Flag | 2;
  };

  // --- sealed messages ----------------------------------------------------------------------------------------------
  /** What one enrolment of a device has waiting, and what the server remembers of it. The row goes with the enrolment. */
  mailboxes: {
    device_id: string;
    generation: number;
    /** Of the entry that came last. */
    last_seq: number;
    /** The highest that the device has said it has. */
    taken: number;
    /** How many posts of its own were accepted. */
    posts: number;
    /** Entries that wait, by what they are, and the bytes of those that are posts. */
    entries: number;
    bytes: number;
    fates: number;
    /** What became of that which waited when an order entered into force; `open`: none denies. */
    gate: 'open' | 'deliver' | 'hold' | 'return';
  };
  /** Posts that were accepted. `body` is sealed, and gone when nobody waits for it any more; the answer is for whoever asks again. */
  posts: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    post_id: string;
    at: number;
    keep: Flag;
    /** When its sender wanted it gone, in domain time; null: nothing was said. */
    expires: number | null;
    answer: string;
    body: string | null;
  };
  mailbox_entries: {
    device_id: string;
    seq: number;
    /** The post's id in `posts`; null for a fate. */
    post: number | null;
    /** JSON of a fate; null for a post. */
    fate: string | null;
    bytes: number;
    expires_at: number;
    /** The order that keeps it from the device. */
    held_by: string | null;
    /** It was accepted before an order that lets it through. */
    due: Flag;
  };
  /** Who committed in which epoch of a conversation: the first. */
  conversation_epochs: {
    conversation: string;
    epoch: number;
    device_id: string;
    generation: number;
    post_id: string;
    at: number;
  };
  /** The conversations that a device has registered. `at`: the time of the newest commit. */
  conversations: {
    conversation: string;
    next_epoch: number;
    begun_by: string;
    begun_generation: number;
    at: number;
  };
  /** The enrollments that may commit next. */
  conversation_members: { conversation: string; device_id: string; generation: number };
  /** In the order in which they were handed in. */
  key_packages: {
    id: Generated<number>;
    device_id: string;
    generation: number;
    /** 1: given out again and again when no other is left. */
    last_resort: Flag;
    body: string;
  };
  attachments: { id: string; device_id: string; size: number; at: number; body: Buffer };

  // --- membership ---------------------------------------------------------------------------------------------------
  messaging_keys: {
    device_id: string;
    generation: number;
    person: string;
    name: string;
    /** `foldedName` of the name: what a search looks in. */
    folded: string;
    signature_key: string;
    /** The exact bytes that online key and organisation key sign (canonical JSON). */
    payload: string;
    digest: string;
    certified_at: number;
    /** 1 while no organisation key of the root in force has signed; see `MembershipStore.settle`. */
    waiting: Flag;
  };
  messaging_signatures: {
    device_id: string;
    generation: number;
    keyid: string;
    role: 'online' | 'organisation';
    signature: string;
    leaf_id: number;
    signed_at: number;
  };

  // --- ledger -------------------------------------------------------------------------------------------------------
  /** A leaf commits with its change; the sequencer then gives it its index. */
  ledger_leaves: {
    id: Generated<number>;
    leaf_index: number | null;
    kind: string;
    at: number;
    body: string;
    hash: string;
  };
  /** What a leaf's salted commitment hides. */
  ledger_openings: { leaf_id: number; salt: string; subject: string };
  /** Interior hashes at complete subtrees: (level, index) as in RFC 9162 section 2.1; level 0 are leaf hashes. */
  ledger_hashes: { level: number; position: number; hash: string };
  checkpoints: { size: number; note: string; at: number };

  // --- after a restore ----------------------------------------------------------------------------------------------
  /** Certificates that were issued after the recovery point, so that `certificates` lacks them. The row goes once it has the certificate. */
  lost_certificates: {
    serial: string;
    fingerprint: string | null;
    /** As the certificate says, once a device has connected with it. */
    device_id: string | null;
    generation: number | null;
    der: string | null;
    not_after: number | null;
    /** 1: the kept copy of the ledger has its entry, and no entry that revokes it. */
    published: Flag;
    seen_at: number | null;
  };

  // --- evidence packs -----------------------------------------------------------------------------------------------
  evidence_packs: { id: string; order_number: string; made_by: string; made_at: number };
  /** What a pack calls a device. */
  pack_devices: { pack: string; handle: string; device_id: string };
}
