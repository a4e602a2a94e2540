import type { EntryKind, LedgerEntry } from '../../../shared/ledger/ledger-entry.ts';
import { dateTime } from '../../../shared/look/time-words.ts';
import type { OrderAction } from '../../../shared/order/documents.ts';
import { ACTION_NAMES } from '../words/orders.ts';

const ENTRY_NAMES: Readonly<Record<EntryKind, string>> = {
  'certificate.issued': 'Certificate issued',
  'certificate.revoked': 'Certificate revoked',
  'order.revision': 'Order proposed or changed',
  'order.approval': 'Order approved by one person',
  'order.proposal-ended': 'Proposal expired, retracted or declined',
  'order.replacement-confirmed': 'Proposal replaced with the consent of a second person',
  'order.read': 'Withheld order read by an admin',
  'order.approval-voided': 'Approval canceled because the approver’s account was disabled',
  'order.adopted': 'Order adopted',
  // Withheld orders have one text for all states, because their public ledger entry does not contain the state.
  'order.executed': 'Withheld order took effect or became inactive',
  'order.proceeding': 'Answer or appeal recorded',
  'order.exited': 'Enrollment ended because an order ends service for good (exit)',
  'order.list': 'Order list signed',
  'approvers.adopted': 'Approver set adopted',
  'role.granted': 'Role granted',
  'role.revoked': 'Role removed',
  'credentials.reset-link': 'Credential reset link created',
  'credentials.reset': 'Password and second factor of an account reset',
  'credentials.recovery-code': 'Sign-in with a recovery code',
  'identity.linked': 'Account linked to the identity provider',
  'identity.unlinked': 'Link of an account to the identity provider removed',
  'session.allowed': 'Sign-in of a command line allowed in the console',
  'workspace.wipe': 'Command to wipe a workspace sent',
  'location.stated': 'Location of a device changed by an admin, so that orders affect the device differently',
  'ca.created': 'Certificate authority created',
  'crl.issued': 'Revocation list signed',
  'ip-database.activated': 'IP database activated',
  'territory-policy.activated': 'Territory policy activated',
  'names.sealed': 'Names of devices and users exported for one recipient',
  'messaging-key.certified': 'Certificate for the messaging key of a device issued',
  'messaging-key.countersigned': 'Device verified for messaging by the organization',
  'legal-hold.placed': 'Legal hold placed',
  'legal-hold.released': 'Legal hold released',
  'time.corrected': 'Correction of a wrong server time published',
  'clock.accepted': 'Server started by an admin despite an implausible clock',
  'backup.created': 'Backup created',
  'action.proposed': 'Destructive action proposed',
  'action.confirmed': 'Destructive action confirmed by a second admin',
  'action.signed': 'Action confirmed with a passkey',
  'action.declined': 'Destructive action declined',
  'server.restored': 'Server restored from a backup',
  'certificate.readmitted': 'Device certificate accepted again after a restore',
  'ledger.resumed': 'Ledger resumed after a restore',
  'ledger.continued': 'Ledger continued after a loss of entries',
  'ledger.loss-reported': 'Proof by a device that more ledger entries were lost than approvers stated',
  'custom-role.created': 'Custom role created',
  'custom-role.changed': 'Custom role changed',
  'custom-role.deleted': 'Custom role deleted',
  'policy.version': 'Version of a policy created',
  'policy.rollout': 'Version of a policy rolled out',
  'policy.assigned': 'Policy assigned to groups',
  'policy.ordered': 'Precedence of policies changed',
  'policy.deleted': 'Policy deleted',
  'authority.pinned': 'Key of an authority verified by two people',
  'authority.revoked': 'Key of an authority revoked',
  'disclosure.received': 'Request of an authority received',
  'disclosure.refused': 'Demand of an authority refused',
  'disclosure.approved': 'Request of an authority approved by one person',
  'disclosure.previewed': 'Records of a request previewed',
  'disclosure.produced': 'Records sealed to an authority',
  'disclosure.notified': 'Person notified about a disclosure',
  'ledger.opened': 'Entries about one device or person identified by an admin',
  'script.version': 'Version of a script written',
  'script.reviewed': 'Version of a script reviewed and signed',
  'script.withdrawn': 'Version of a script withdrawn',
  'scripts.switched': 'Scripts switched on or off',
  'transparency.stated': 'Transparency statement signed by two people',
  'activity.sealed': 'Batch of the activity log sealed',
};

const EXECUTED: Readonly<Record<string, string>> = {
  active: 'Order took effect',
  inactive: 'Order no longer active',
};

export const entryName = ({ kind, public: { state } }: LedgerEntry): string =>
  (kind === 'order.executed' && EXECUTED[String(state)]) || ENTRY_NAMES[kind];

/**
 * Public details of an entry, such as `order: 2026-001, revision: 1, action: proposal`. Whole documents are omitted, because the details
 * include their digests.
 */
export function particulars(entry: LedgerEntry): string {
  return Object.entries(entry.public)
    .filter(([name, value]) => value !== null && name !== 'document')
    .map(([name, value]) => `${LABELS[name] ?? name.replaceAll(/[_-]/g, ' ')}: ${inWords(name, value)}`)
    .join(', ');
}

const LABELS: Readonly<Record<string, string>> = {
  activeDevices: 'active devices',
  approverSet: 'approver set',
  backup: 'ledger entries in the backup',
  builtAt: 'built',
  checkpoints: 'checkpoints received',
  crl: 'revocation list',
  digest: 'SHA-256',
  fingerprint: 'SHA-256',
  hash: 'SHA-256',
  hold: 'legal hold',
  keyid: 'key',
  largestReported: 'most entries in a received checkpoint',
  ledger: 'ledger entries',
  list: 'order list',
  newest: 'latest stored time',
  newOrigin: 'new ledger name',
  nextUpdate: 'next update',
  notAfter: 'valid until',
  of: 'exported from',
  origin: 'ledger name',
  reason: 'reason code',
  recoveryPoint: 'recovery point',
  rejoined: 'ledger entries from a copy',
  responded: 'devices that responded',
  root: 'root hash',
  savedCheckpoint: 'saved checkpoints',
  selfAttested: 'self-attested approvers',
  serial: 'serial number',
  sha256: 'SHA-256',
  size: 'ledger entries',
  verified: 'approvers with a verified address',
};
const TIMES: ReadonlySet<string> = new Set([
  'notAfter',
  'nextUpdate',
  'builtAt',
  'newest',
  'from',
  'until',
  'recoveryPoint',
]);
const isAction = (value: string): value is OrderAction => Object.hasOwn(ACTION_NAMES, value);

function inWords(name: string, value: string | number | null): string {
  if (TIMES.has(name) && typeof value === 'number') return dateTime(value);
  const text = String(value);
  return name === 'action' && isAction(text) ? ACTION_NAMES[text].toLowerCase() : shortened(text);
}

const shortened = (text: string) => (/^[0-9a-f]{24,}$/i.test(text) ? `${text.slice(0, 12)}…` : text);

export function orderOf(entry: LedgerEntry): string | null {
  const { order } = entry.public;
  return typeof order === 'string' ? order : null;
}
