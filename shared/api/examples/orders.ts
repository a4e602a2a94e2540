import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import {
  ANNA,
  APPEAL,
  BILAL,
  days,
  INSTALLATION,
  idOf,
  KARL,
  MAJA,
  namesByAccount,
  namesByPerson,
  OMAR,
  ORDER,
  ORDER_TITLE,
  SARA,
  TIMES,
} from './story.ts';

const { device } = BILAL;
const timestamp = (time: number) => new Date(time).toISOString();
const services = ['messaging'];

const directive = {
  title: 'Directive 14/2026',
  mediaType: 'application/pdf',
  bytes: 184_320,
  sha256: sha256('Example document of the directive'),
};
const terms = {
  title: ORDER_TITLE,
  areas: ['PK'],
  services,
  nexus: ['present', 'network'],
  effective: timestamp(TIMES.effective),
  until: null,
  zone: 'Asia/Karachi',
  mode: 'suspend',
  unknown: 'allow',
  contested: 'allow',
  stale: 'keep',
  visitors: 'P10D',
  travelers: 'allow',
  disputed: {},
  authority: 'Telecommunications authority of Pakistan',
  addressee: 'Exempel AB',
  instrument: 'Directive 14/2026 of 27 February 2026',
  statement: {
    en: 'By order of the telecommunications authority, messages end in Pakistan on 10 March 2026 at 00:00. Your device keeps its messages.',
  },
  authoritativeLanguage: 'en',
  appeal: APPEAL,
  receivedOn: '2026-02-28',
  documents: [directive],
};
const exemption = {
  device: MAJA.device,
  until: timestamp(TIMES.effective + days(14)),
  reason: 'Closes the accounts of the Karachi office.',
};
const commitment = sha256('Example commitment to the decision record');
const decision = { considered: 'Other services stay available. An appeal is prepared.', by: KARL.name };

export const orderProposal = { ...terms, effective: '2026-03-10T00:00', exempt: [exemption], decision };
export const orderAction = {
  action: 'pause',
  basis: { reason: 'The court stayed the directive.', court: { name: 'Sindh High Court', case: 'C.P. 512/2026' } },
};
export const orderDraft = { ...orderProposal, action: 'propose' };

const signedTerms = { ...terms, internal: commitment };
const payload = canonicalText({
  installation: INSTALLATION,
  order: ORDER,
  revision: 1,
  previous: null,
  action: 'propose',
  proposer: KARL.person,
  proposedAt: timestamp(TIMES.proposed),
  status: 'active',
  pausedSince: null,
  terms: signedTerms,
  exempt: [{ commitment: sha256(`Example commitment to ${MAJA.device}`), until: exemption.until }],
});
const digest = sha256(payload);
export const revisionSummary = {
  order: ORDER,
  revision: 1,
  action: 'propose',
  state: 'adopted',
  digest,
  proposer: KARL.person,
  proposedAt: TIMES.proposed,
  adoptedAt: TIMES.adopted,
  endedAt: null,
  endedBy: null,
  endReason: null,
  expiresAt: null,
  passed: null,
  approvals: [
    { person: KARL.person, keyid: KARL.keyid, approvedAt: TIMES.proposed + 300_000 },
    { person: SARA.person, keyid: SARA.keyid, approvedAt: TIMES.adopted },
  ],
};
export const revisionView = { ...revisionSummary, payload };

export const proceeding = {
  kind: 'answer',
  on: '2026-03-05',
  by: KARL.name,
  document: { ...directive, title: 'Answer to Directive 14/2026', sha256: sha256('Example document of the answer') },
};
export const proceedingsView = {
  answer: proceeding,
  appeals: [],
  records: [{ number: 1, recordedBy: KARL.person, recordedAt: '2026-03-05T11:20:00.000Z', proceeding }],
};
const listedOrder = {
  visibility: 'public',
  number: ORDER,
  title: ORDER_TITLE,
  status: 'active',
  adoptedRevision: 1,
  latestRevision: 1,
  pausedUntil: null,
  terms: signedTerms,
  proceedings: proceedingsView,
};
export const orderList = { orders: [listedOrder] };
export const orderView = {
  ...listedOrder,
  revisions: [revisionSummary],
  executions: [{ revision: 1, state: 'active', at: TIMES.effective }],
  people: namesByPerson,
};

export const approvalBody = { keyid: SARA.keyid, signature: SARA.sig };
export const approvalResult = { adopted: true, code: null, detail: `Order ${ORDER} is adopted and is in list 14.` };
export const declineBody = { reason: 'The directive does not name messaging. Ask the authority first.' };

export const affectedView = { devices: [{ device, denied: services, reasons: ['present'] }] };
export const exemptionList = {
  revision: 1,
  exemptions: [
    {
      device: MAJA.device,
      until: Date.parse(exemption.until),
      reason: exemption.reason,
      decidedIn: 1,
      proposedBy: KARL.person,
      approvedBy: [KARL.person, SARA.person],
    },
  ],
  people: namesByPerson,
};
export const statementList = {
  statements: [
    {
      device: OMAR.device,
      kind: 'presence',
      areas: ['AE'],
      reason: 'The user works at the Dubai office this week.',
      at: TIMES.now,
      until: TIMES.now + days(5),
      by: KARL.account,
      confirmedBy: SARA.account,
      released: services,
      denied: [],
    },
  ],
  assignments: [],
  people: namesByAccount,
};
export const receiptList = {
  receipts: [
    {
      device,
      generation: 1,
      kind: 'enforced',
      listVersion: 14,
      revision: 1,
      service: 'messaging',
      gate: 'closed',
      at: timestamp(TIMES.effective),
    },
  ],
};

export const impactView = {
  at: TIMES.effective,
  revision: 1,
  baseline: null,
  fleet: 420,
  counts: {
    denied: 38,
    borderline: 2,
    unknown: 5,
    visiting: 3,
    traveling: 1,
    exempt: 1,
    offline_current: 0,
    offline_behind: 4,
    undelivered: 38,
  },
  changes: null,
  waiting: { messages: 6, bytes: 9_216, commands: 1, devices: 4 },
  areas: [{ area: 'PK', devices: 41, denied: 38 }],
  total: 38,
  devices: [
    {
      device,
      classes: ['denied', 'undelivered'],
      denied: services,
      reasons: ['present'],
      areas: ['PK'],
      exemptUntil: null,
      home: 'PK',
      connected: true,
      waits: { messages: 0, bytes: 0, commands: 0 },
      change: null,
    },
  ],
};
const { at, fleet, counts } = impactView;
export const orderWarnings = {
  warnings: [
    {
      code: 'area_disputed',
      detail:
        "PK includes disputed territory (Kashmir). A device with a position there counts as contested under this order. Assign it in the order's map to one of IN, PK, CN.",
      devices: null,
    },
  ],
};
export const orderPreview = {
  problems: [],
  effective: TIMES.effective,
  until: null,
  ...orderWarnings,
  impact: { at, fleet, counts },
};
export const recipient = {
  name: 'Counsel of Exempel AB',
  key: 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p',
};
export const impactNames = { revision: 1, class: 'denied', recipient };
export const packNames = { recipient };
export const packList = {
  packs: [{ pack: idOf('pck', 'march'), at: TIMES.now, by: KARL.account, devices: 38 }],
  people: namesByAccount,
};

export const orderRollout = {
  revision: 1,
  phase: 'active',
  total: 38,
  states: {
    undelivered: 0,
    delivered: 1,
    displayed: 2,
    enforced: 31,
    restored: 0,
    offline_undelivered: 1,
    offline_delivered: 3,
    invalid_receipt: 0,
    unaffected: 0,
    unenrolled: 0,
  },
  lastSeen: 3,
  newest: TIMES.now,
  notices: [
    { moment: 'P7D', delivered: 37, displayed: 35, late: 1 },
    { moment: 'P1D', delivered: 37, displayed: 36, late: 0 },
  ],
};
const { title: _, ...document } = directive;
export const uploadedDocument = document;
export const decisionView = {
  ...decision,
  commitment,
  salt: sha256('Example salt of the decision record'),
};
export const orderExit = {
  exit: {
    revision: 3,
    adoptedAt: TIMES.now,
    silentAfter: TIMES.now + days(90),
    wiped: 30,
    silent: 0,
    held: 1,
    waiting: 3,
    unanswered: 4,
    destroyed: {
      certificates: 60,
      messages: 112,
      messageBytes: 173_056,
      keyPackages: 300,
      attachments: 9,
      attachmentBytes: 4_718_592,
      mails: 57,
      mailBytes: 2_621_440,
      mailEvents: 12,
      mailPieces: 2,
      mailPieceBytes: 2_097_152,
      mailKeys: 30,
      inventories: 30,
      copies: 2,
      copyBytes: 9_412,
      commands: 41,
    },
  },
};
export const readingList = {
  readings: [
    { account: ANNA.account, part: 'terms', about: null, firstAt: TIMES.now, lastAt: TIMES.now + 60_000, count: 3 },
  ],
  people: { [ANNA.account]: ANNA.name },
};
