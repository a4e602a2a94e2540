import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import { DONE } from '../wire.ts';
import { usedDatabase } from './areas.ts';
import { recipient, revisionView } from './orders.ts';
import { approverSetView, sessionView } from './people.ts';
import {
  ANNA,
  APPEAL,
  BILAL,
  base64,
  DEVICE_URL,
  days,
  INSTALLATION,
  KARACHI,
  KARL,
  MAJA,
  ORDER,
  ORDER_TITLE,
  ORGANIZATION,
  PUBLIC_URL,
  SARA,
  TIMES,
  VERSION,
} from './story.ts';

const { now } = TIMES;
const { device, name: user } = BILAL;
const origin = `cordon/${INSTALLATION}`;
const root = base64('Example root hash of the ledger');

export const nothing = {};
export const done = DONE;
export const changedEvent = { topics: ['orders', 'receipts'] };

export const aliveView = { status: 'ok' };
const list = { version: 14, expiresAt: now + days(6) };
export const healthView = {
  status: 'ok',
  version: VERSION,
  installation: INSTALLATION,
  now,
  connected: 397,
  list,
  ipDatabase: { name: usedDatabase.name, builtAt: usedDatabase.builtAt },
};
export const mailView = {
  connectors: [{ device, user, hostname: 'mail-gateway', connected: true, lastSeenAt: now - 5_000, ready: true }],
  waiting: { mails: 12, bytes: 4_800_000 },
  held: { mails: 3, bytes: 61_000 },
  returned: { mails: 0, bytes: 0 },
};
export const checkpointView = {
  checkpoint: `${origin}\n2048\n${root}\n\n— ${origin} ${base64('Example signature of the ledger')}\n`,
  key: `${origin}+0a1b2c3d+${base64('Example public key of the ledger')}`,
};
const publicRoot = {
  installation: INSTALLATION,
  authority: sha256('Example root CA'),
  approvers: approverSetView.digest,
  ledger: checkpointView.key,
};
export const installationView = {
  installation: INSTALLATION,
  organization: ORGANIZATION,
  version: VERSION,
  deviceUrl: DEVICE_URL,
  publicUrl: PUBLIC_URL,
  appeal: APPEAL,
  store: 'postgres',
  mail: true,
  backupRecipient: recipient.key,
  largeShare: 10,
  demo: false,
  publicRoot: { fingerprint: sha256(canonicalText(publicRoot)), document: publicRoot },
  certificates: [
    {
      use: 'root',
      subject: `CN=${ORGANIZATION} Cordon Root`,
      serial: '3c9e1a7f5b2d8046',
      fingerprint: publicRoot.authority,
      notBefore: TIMES.start,
      notAfter: TIMES.start + days(7_300),
    },
  ],
};
export const overviewView = {
  now: TIMES.proposed + 600_000,
  devices: { total: 420, connected: 397, neverConnected: 2 },
  areas: [
    { area: 'PK', devices: 41, connected: 37 },
    { area: 'SE', devices: 374, connected: 360 },
  ],
  unknown: 5,
  pendingApprovals: [
    {
      kind: 'revision',
      order: ORDER,
      revision: 1,
      title: ORDER_TITLE,
      action: 'propose',
      proposedAt: TIMES.proposed,
      approvals: 1,
      needed: 2,
      mine: true,
    },
  ],
  backup: TIMES.proposed - days(1),
  healthIssues: [
    {
      code: 'devices_behind',
      severity: 'notice',
      count: 4,
      detail: '4 devices have an older order list than list 13. They get the list when they connect.',
      link: { page: 'devices', filter: { status: 'active', listBelow: list.version - 1 } },
    },
  ],
  setup: null,
};

const entry = {
  kind: 'order.adopted',
  at: TIMES.adopted,
  subject: null,
  public: { order: ORDER, revision: 1, digest: revisionView.digest },
};
export const ledgerEntryList = { entries: [{ index: 2047, entry }] };
const proof = [base64('Example hash of a neighbor'), base64('Example hash of a subtree')];
export const inclusionView = { index: 2047, body: canonicalText(entry), proof, ...checkpointView };
export const ledgerOpeningList = {
  openings: [{ index: 2047, opening: { salt: sha256('Example salt'), subject: 'dev_nkqxwvzr5ts2h3ab' } }],
  next: 2048,
};
const witnessKey = `witness.example.org/w1+1b2c3d4e+${Buffer.of(4, ...Buffer.alloc(32, 7)).toString('base64')}`;
export const witnessList = {
  witnesses: [
    {
      name: 'witness.example.org/w1',
      url: 'https://witness.example.org/',
      key: witnessKey,
      cosigned: { size: 2048, at: now },
      failure: null,
      late: false,
    },
  ],
  policy: { threshold: 1, keys: [witnessKey] },
  obstacle: null,
};
export const consistencyView = { from: 1024, proof, ...checkpointView };

export const newTimeCorrection = {
  envelope: {
    payloadType: 'application/vnd.cordon.time-correction.v1+json',
    payload: base64(
      canonicalText({
        installation: INSTALLATION,
        version: 1,
        earliest: '2026-03-10T08:00:00.000Z',
        from: '2036-03-10T07:00:00.000Z',
        until: '2036-03-10T07:20:00.000Z',
        reason: 'A wrong time server set the clock ten years ahead.',
      }),
    ),
    signatures: [KARL, SARA].map(({ keyid, sig }) => ({ keyid, sig })),
  },
};
export const timeCorrectionView = { version: 1, ...newTimeCorrection, publishedAt: now, publishedBy: KARL.account };
const correctionText = canonicalText({
  installation: INSTALLATION,
  version: 2,
  earliest: '2026-03-10T08:00:00.000Z',
  from: '2027-03-10T07:00:00.000Z',
  until: '2027-03-10T07:20:00.000Z',
  reason: 'The host clock was a year ahead.',
});
export const timeCorrectionProposal = {
  payload: correctionText,
  digest: sha256(correctionText),
  signatures: [{ keyid: KARL.keyid, sig: KARL.sig }],
  signed: 1,
  needed: 2,
  proposedAt: now,
  proposedBy: KARL.account,
};
export const timeCorrectionList = { corrections: [timeCorrectionView], pending: timeCorrectionProposal };
export const newTimeCorrectionProposal = {
  from: '2027-03-10T07:00:00.000Z',
  until: '2027-03-10T07:20:00.000Z',
  reason: 'The host clock was a year ahead.',
};
export const signedTimeCorrection = { proposal: timeCorrectionProposal, published: false };

export const newBackup = { recipient: recipient.key };
export const recoveryView = {
  recovery: {
    recoveryPoint: now - days(1),
    restoredAt: now,
    closedAt: null,
    ledger: 'suspended',
    ledgerSuspended: 'A device showed a larger ledger than the backup contains.',
    resumed: null,
    continued: null,
    from: { list: 13, crl: 40, approvers: 1, ledger: 2040 },
    to: { list: 1_013, crl: 1_040 },
    rejoined: 0,
    revocations: 'crl',
    revoked: 1,
    withdrawn: { sessions: 3, tokens: 1, invitations: 0, codes: 2, commands: 5, proposals: 0 },
    conversations: 64,
    missing: [{ order: ORDER, revision: 1 }],
    missingApprovers: 0,
    recalled: { devices: 380, newer: 12, revisions: 1, approvers: 0 },
  },
  evidence: {
    active: 420,
    asked: 397,
    responded: 380,
    checkpoints: 380,
    notContained: 12,
    lost: 0,
    largest: { size: 2_048, root },
    silent: [],
    size: 2_040,
    obstacle: null,
    responses: [{ device, user, at: now, size: 2_048, root, result: 'not_contained' }],
  },
  devices: [
    {
      serial: '5b1f0c7d9a3e4862',
      device,
      generation: 1,
      seenAt: now,
      published: true,
      user,
      group: KARACHI.name,
      notBefore: now - days(0.5),
      notAfter: now + days(89.5),
      obstacle: null,
    },
  ],
};
export const readmission = { devices: [{ serial: '5b1f0c7d9a3e4862', person: BILAL.person, group: KARACHI.name }] };
export const readmissionResults = { results: [{ serial: '5b1f0c7d9a3e4862', error: null }] };
export const ledgerResumption = { checkpoint: checkpointView.checkpoint };
export const continuationProposal = {
  reason: 'The disk failed. The newest backup lacks eight entries, and no copy of the ledger has them.',
  checkpoint: checkpointView.checkpoint,
};
const continuation = canonicalText({
  installation: INSTALLATION,
  origin,
  fork: { size: 2_040, root: sha256('Example root hash of the remaining ledger') },
  shown: { size: 2_048, root: sha256('Example root hash of the lost ledger'), origin },
  newOrigin: `${origin}/20260310080000`,
  reason: continuationProposal.reason,
  date: new Date(now).toISOString(),
});
export const continuationView = {
  state: 'waiting',
  payload: continuation,
  digest: sha256(continuation),
  proposedAt: now,
  proposedBy: ANNA.account,
  adoptedAt: null,
  signatures: [{ keyid: KARL.keyid, sig: KARL.sig }],
  signed: 1,
  needed: 2,
  outdated: null,
};
export const continuationList = { continuations: [continuationView] };
export const continuationSignature = { keyid: SARA.keyid, signature: SARA.sig };

const endpoint = { device, user };
export const demoView = {
  now,
  marks: [{ label: `${ORDER_TITLE} ${ORDER} ends`, at: now + days(30) }],
  message: { from: endpoint, to: { device: MAJA.device, user: MAJA.name } },
};
export const demoJump = { by: days(1) };
export const demoJumped = { now: now + days(1) };
export const demoMessage = {
  outcome: 'refused',
  order: ORDER,
  detail: `Order ${ORDER} suspends messaging for the recipient.`,
};
export const demoTicket = { ticket: 'EXAMPLE-DEMO-TICKET' };
export const demoSession = { ...sessionView, approverKey: null };
