import { DISCLOSURE_PAYLOAD_TYPES, TRANSPARENCY_STATEMENT } from '../../disclosure/documents.ts';
import { LONGEST_WINDOW_DAYS, RECORD_TYPE_FACTS, RECORD_TYPES } from '../../disclosure/record-types.ts';
import { REFUSAL_REASONS, REFUSAL_WORDS } from '../../disclosure/refusal-reasons.ts';
import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import { checkpointView } from './installation.ts';
import { ADDRESS, ANNA, BILAL, base64, days, INSTALLATION, idOf, KARL, ORGANIZATION, SARA, TIMES } from './story.ts';

const { now, adopted } = TIMES;
const iso = (time: number): string => new Date(time).toISOString();
const named = ({ person, name }: { readonly person: string; readonly name: string }) => ({ person, name });

const recipient = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p';
const fingerprint = sha256(recipient);
const authority = { id: idOf('aut', 'court'), name: 'District Court of Solna', recipient, fingerprint };

export const newAuthority = {
  name: authority.name,
  recipient,
  verifiedBy: 'Called the number in the public register.',
};
export const authorityConfirmation = { fingerprint, verifiedBy: 'Read out in person at the registry of the court.' };
export const authorityRevocation = { reason: 'The court replaced its key.' };
export const authorityView = {
  ...authority,
  state: 'verified',
  added: { ...named(SARA), at: adopted, verifiedBy: newAuthority.verifiedBy },
  confirmed: { ...named(ANNA), at: now, verifiedBy: authorityConfirmation.verifiedBy },
  revoked: null,
};
export const authorityList = { authorities: [authorityView] };

export const instrument = {
  type: 'court-order',
  reference: 'B 1234-26',
  issuer: authority.name,
  issuedAt: iso(adopted),
  expiresAt: iso(now + days(30)),
  document: {
    title: 'Order of the court',
    mediaType: 'application/pdf',
    bytes: 48_213,
    sha256: sha256('Example order'),
  },
};
export const window = { from: iso(now - days(30)), to: iso(now - days(1)) };
const records = ['connection-log'];
export const objection = { text: 'The window was longer than the offense.', at: iso(now) };
export const newDisclosure = {
  person: BILAL.person,
  authority: authority.id,
  instrument,
  window,
  records,
  deadline: iso(now + days(14)),
  objection: null,
  notice: { notBefore: iso(now + days(60)), basis: 'Section 5 of the order' },
};
export const narrowing = { note: 'The order covers only the connections.', records };

const id = idOf('dsc', 'court');
export const disclosureText = {
  ...newDisclosure,
  authority,
  installation: INSTALLATION,
  disclosure: id,
  version: 1,
  draftedBy: SARA.person,
  draftedAt: iso(now),
};
const payload = canonicalText(disclosureText);
const digest = sha256(payload);
const approval = { ...named(ANNA), keyid: ANNA.keyid, sig: ANNA.sig, at: now };
export const disclosureApproval = { digest, keyid: ANNA.keyid, signature: ANNA.sig };
export const disclosureVersion = {
  version: 1,
  payload,
  payloadType: DISCLOSURE_PAYLOAD_TYPES.disclosure,
  digest,
  draftedBy: named(SARA),
  draftedAt: now,
  note: null,
  approvals: [approval],
};
export const noticeState = { state: 'none', dueAt: null, basis: newDisclosure.notice.basis, sentAt: null };
const objectionUpheld = {
  id: idOf('ref', 'court'),
  at: now,
  reason: 'objection_upheld',
  ...REFUSAL_WORDS.objection_upheld,
  source: 'decided',
  disclosure: id,
  authority: authority.name,
  reference: instrument.reference,
  receivedOn: null,
  note: 'The court agreed with the objection.',
  by: named(ANNA),
};
export const disclosureView = {
  id,
  state: 'refused',
  person: named(BILAL),
  authority,
  instrument,
  window,
  records,
  deadline: newDisclosure.deadline,
  objection: null,
  receivedAt: now,
  version: 1,
  digest,
  approved: 1,
  needed: 2,
  obstacle: 'The request is refused.',
  production: null,
  notice: noticeState,
  refusal: objectionUpheld,
};
export const disclosureDetail = { ...disclosureView, versions: [disclosureVersion] };
export const disclosurePage = { disclosures: [disclosureView], cursor: null };
export const productionLine = {
  record: 'connection-log',
  at: iso(now - days(3)),
  fields: {
    device: BILAL.device,
    generation: 1,
    connectedAt: iso(now - days(3)),
    disconnectedAt: iso(now - days(2)),
    address: ADDRESS,
  },
};
const connections = RECORD_TYPE_FACTS['connection-log'];
export const previewPage = { offset: 0, limit: 200 };
export const productionPreview = {
  version: 1,
  digest: sha256(`${canonicalText(productionLine)}\n`),
  total: 1,
  lines: [productionLine],
  records: [
    {
      record: 'connection-log',
      title: connections.title,
      exists: connections.exists,
      kept: connections.kept,
      lines: 1,
    },
  ],
};
export const disclosureForm = {
  records: RECORD_TYPES.map((record) => ({ record, ...RECORD_TYPE_FACTS[record] })),
  instrumentTypes: ['court-order', 'warrant', 'production-order', 'subpoena', 'statutory-request'],
  longestWindowDays: LONGEST_WINDOW_DAYS,
  reasons: REFUSAL_REASONS.map((reason) => ({ reason, ...REFUSAL_WORDS[reason] })),
  approvals: 2,
};
export const refusalDecision = { reason: 'objection_upheld', note: 'The court agreed with the objection.' };
export const recordedDemand = {
  reason: 'wholesale',
  authority: 'Ministry of Example',
  reference: 'M-77',
  receivedOn: '2026-03-10',
  note: null,
};
export const refusalView = {
  id: idOf('ref', 'ministry'),
  at: now,
  ...recordedDemand,
  ...REFUSAL_WORDS.wholesale,
  source: 'recorded',
  disclosure: null,
  by: named(SARA),
};
export const refusalPage = { refusals: [refusalView], cursor: null };

export const inventoryKey = {
  use: 'Ledger key',
  opens: 'Signs checkpoints of the public ledger. Decrypts nothing.',
  publicKey: sha256('Example public key of the ledger'),
};
export const transparencyStatement = {
  installation: INSTALLATION,
  organization: ORGANIZATION,
  statement: TRANSPARENCY_STATEMENT,
  date: iso(now),
  expires: iso(now + days(90)),
  proposedBy: SARA.person,
  keys: [inventoryKey],
};
const statementPayload = canonicalText(transparencyStatement);
const signatureOf = ({ keyid, sig, publicKey, person }: typeof ANNA) => ({
  keyid,
  sig,
  publicKey,
  rpId: null,
  person,
  at: now,
});
export const transparencyStatementView = {
  state: 'adopted',
  payload: statementPayload,
  payloadType: DISCLOSURE_PAYLOAD_TYPES.statement,
  digest: sha256(statementPayload),
  text: TRANSPARENCY_STATEMENT,
  date: transparencyStatement.date,
  expires: transparencyStatement.expires,
  adoptedAt: now,
  signatures: [signatureOf(ANNA), signatureOf(KARL)],
  signed: 2,
  needed: 2,
};
export const transparencyStatementList = { statements: [transparencyStatementView] };
export const statementSignature = { keyid: ANNA.keyid, signature: ANNA.sig };
export const statementProposal = { days: 90 };
export const statementInclusion = {
  index: 2047,
  body: '{"kind":"transparency.stated"}',
  proof: [base64('Example hash of a subtree')],
  ...checkpointView,
};
export const transparencyReport = {
  organization: ORGANIZATION,
  installation: INSTALLATION,
  from: '2026-01',
  to: '2026-02',
  createdAt: now,
  disclosures: {
    received: 2,
    answered: 0,
    pending: 1,
    refused: 1,
    refusedByReason: [{ reason: 'wholesale', title: REFUSAL_WORDS.wholesale.title, count: 1 }],
    months: [
      { month: '2026-01', received: 0, answered: 0, accounts: 0, refused: 0 },
      { month: '2026-02', received: 2, answered: 0, accounts: 0, refused: 1 },
    ],
  },
  orders: {
    count: 1,
    withheld: 0,
    suspended: [{ area: 'PK', services: ['messaging'], days: 2, orders: 1 }],
  },
  keys: [inventoryKey],
  statement: { state: 'valid', statement: transparencyStatementView, inclusion: statementInclusion },
  statements: [transparencyStatementView],
};
