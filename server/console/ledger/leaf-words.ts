/** What stands in the ledger, in an admin's words. */
import type { Leaf, LeafKind } from '../../../shared/ledger/leaf.ts';
import { dateTime } from '../../../shared/look/time-words.ts';

const LEAF_NAMES: Readonly<Record<LeafKind, string>> = {
  'certificate.issued': 'A certificate was issued',
  'certificate.revoked': 'A certificate was revoked',
  'order.revision': 'An order was proposed or changed',
  'order.approval': 'An order was approved by one person',
  'order.approval-voided': "An approval was voided with its approver's account",
  'order.adopted': 'An order was adopted',
  // Of an order that is kept from the public nobody is told what it was.
  'order.executed': 'Something was done by an order that is kept from the public',
  'order.exited': 'An exit ended an enrolment',
  'order.list': 'The order list was signed',
  'approvers.adopted': 'The list of approvers was adopted',
  'role.granted': 'A role was given',
  'role.revoked': 'A role was taken away',
  'credentials.reset-link': 'A credential reset link was created',
  'credentials.reset': "An account's password and second factor were reset",
  'workspace.wipe': 'A command to wipe a workspace was given',
  'ca.created': 'A certificate authority was made',
  'crl.issued': 'The revocation list was signed',
  'ip-database.activated': 'The IP data were changed',
  'disputed-policy.activated': 'The policy of disputed ground was changed',
  'names.sealed': 'A file of names was sealed to somebody',
  'messaging-key.certified': "A device's messaging key was certified",
  'messaging-key.countersigned': "A device's messaging key was countersigned by the organisation",
  'legal-hold.placed': 'A legal hold was placed',
  'legal-hold.released': 'A legal hold was released',
  'time.corrected': 'A time correction was published',
  'clock.accepted': 'An implausible clock was accepted at start',
  'backup.created': 'Backup created',
  'action.proposed': 'An admin proposed a destructive action',
  'action.confirmed': 'A second admin confirmed a destructive action',
  'action.declined': 'An admin declined a destructive action',
  'server.restored': 'Server restored from a backup',
  'certificate.readmitted': 'Certificate accepted again after a restore',
};

const EXECUTED: Readonly<Record<string, string>> = {
  entered: 'An order came into force',
  left: 'An order is no longer in force',
};

export const leafName = ({ kind, public: { state } }: Leaf): string =>
  (kind === 'order.executed' && EXECUTED[String(state)]) || LEAF_NAMES[kind];

/** `order 2026-001, revision 1`: the particulars, as they stand there. */
export function particulars(leaf: Leaf): string {
  return Object.entries(leaf.public)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${WORDS[name] ?? name.replaceAll(/[_-]/g, ' ')} ${inWords(name, value)}`)
    .join(', ');
}

const WORDS: Readonly<Record<string, string>> = {
  notAfter: 'valid until',
  nextUpdate: 'next by',
  builtAt: 'built',
  keyid: 'key',
};
const TIMES: ReadonlySet<string> = new Set(['notAfter', 'nextUpdate', 'builtAt', 'newest', 'from', 'until']);

const inWords = (name: string, value: string | number | null) =>
  TIMES.has(name) && typeof value === 'number' ? dateTime(value) : shortened(String(value));

const shortened = (text: string) => (/^[0-9a-f]{24,}$/i.test(text) ? `${text.slice(0, 12)}…` : text);

/** The order that a leaf is about. */
export function orderOf(leaf: Leaf): string | null {
  const { order } = leaf.public;
  return typeof order === 'string' ? order : null;
}
