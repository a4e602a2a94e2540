import type { EntryKind, LedgerEntry } from '../../../shared/ledger/ledger-entry.ts';
import { dateTime } from '../../../shared/look/time-words.ts';

const ENTRY_NAMES: Readonly<Record<EntryKind, string>> = {
  'certificate.issued': 'Certificate issued',
  'certificate.revoked': 'Certificate revoked',
  'order.revision': 'Order proposed or changed',
  'order.approval': 'Order approved by one person',
  'order.proposal-ended': 'Proposal ended without adoption',
  'order.replacement-confirmed': 'Proposal replaced with the consent of a second person',
  'order.read': 'Withheld order read by an admin',
  'order.approval-voided': 'Approval canceled: the account of its approver was closed',
  'order.adopted': 'Order adopted',
  // The ledger hides the state of a withheld order.
  'order.executed': 'Withheld order executed',
  'order.proceeding': 'Answer or appeal step recorded',
  'order.exited': 'Enrollment ended by an exit',
  'order.list': 'Order list signed',
  'approvers.adopted': 'Approver set adopted',
  'role.granted': 'Role granted',
  'role.revoked': 'Role removed',
  'credentials.reset-link': 'Credential reset link created',
  'credentials.reset': 'Password and second factor of an account reset',
  'workspace.wipe': 'Workspace wipe commanded',
  'location.stated': 'Effect of an order on a device changed by a location statement',
  'ca.created': 'Certificate authority created',
  'crl.issued': 'Revocation list signed',
  'ip-database.activated': 'IP database activated',
  'disputed-policy.activated': 'Territory policy activated',
  'names.sealed': 'Names behind device handles exported',
  'messaging-key.certified': 'Messaging key of a device certified',
  'messaging-key.countersigned': 'Messaging key of a device countersigned by the organization',
  'legal-hold.placed': 'Legal hold placed',
  'legal-hold.released': 'Legal hold released',
  'time.corrected': 'Time correction published',
  'clock.accepted': 'Implausible clock accepted at start',
  'backup.created': 'Backup created',
  'action.proposed': 'Destructive action proposed',
  'action.confirmed': 'Destructive action confirmed by a second admin',
  'action.declined': 'Destructive action declined',
  'server.restored': 'Server restored from a backup',
  'certificate.readmitted': 'Certificate accepted again after a restore',
  'ledger.resumed': 'Ledger resumed after a restore',
  'ledger.continued': 'Ledger continued after a loss of entries',
  'ledger.loss-shown': 'Larger loss shown by a device',
};

const EXECUTED: Readonly<Record<string, string>> = {
  entered: 'Order took effect',
  left: 'Order no longer active',
};

export const entryName = ({ kind, public: { state } }: LedgerEntry): string =>
  (kind === 'order.executed' && EXECUTED[String(state)]) || ENTRY_NAMES[kind];

/**
 * Particulars of an entry, such as `order 2026-001, revision 1`. A complete document is left out, because its digest is among the
 * particulars.
 */
export function particulars(entry: LedgerEntry): string {
  return Object.entries(entry.public)
    .filter(([name, value]) => value !== null && name !== 'document')
    .map(([name, value]) => `${WORDS[name] ?? name.replaceAll(/[_-]/g, ' ')} ${inWords(name, value)}`)
    .join(', ');
}

const WORDS: Readonly<Record<string, string>> = {
  approverSet: 'approver set',
  notAfter: 'valid until',
  nextUpdate: 'next update',
  builtAt: 'built',
  selfAttested: 'self-attested approvers',
  verified: 'approvers with a verified address',
  keyid: 'key',
  origin: 'name',
  newOrigin: 'new name',
};
const TIMES: ReadonlySet<string> = new Set(['notAfter', 'nextUpdate', 'builtAt', 'newest', 'from', 'until']);

const inWords = (name: string, value: string | number | null) =>
  TIMES.has(name) && typeof value === 'number' ? dateTime(value) : shortened(String(value));

const shortened = (text: string) => (/^[0-9a-f]{24,}$/i.test(text) ? `${text.slice(0, 12)}…` : text);

export function orderOf(entry: LedgerEntry): string | null {
  const { order } = entry.public;
  return typeof order === 'string' ? order : null;
}
