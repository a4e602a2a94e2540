import { COMPLIANCE_STATEMENT } from '../../policy/compliance-statement.ts';
import { digestOf } from '../../policy/policy-digest.ts';
import { BILAL, base64, days, idOf, KARACHI, KARL, namesByAccount, TIMES } from './story.ts';

const { now } = TIMES;
const id = idOf('pol', 'laptops');
const { device, name: user } = BILAL;

export const policyDocument = {
  settings: { 'disk.encryption': true as const, 'firewall.enabled': true as const, 'screen.lock-minutes': 5 },
  compliance: {
    graceHours: 72,
    actions: [
      { action: 'notify' as const, afterHours: 0 },
      { action: 'lock-workspace' as const, afterHours: 168 },
    ],
  },
};
const { compliance } = policyDocument;
export const complianceRules = compliance;
const earlier = { ...policyDocument, settings: { 'disk.encryption': true as const } };

export const policyView = {
  id,
  name: 'Laptops',
  precedence: 1,
  groups: [KARACHI.id],
  current: 1,
  next: { version: 2, percent: 20 },
  newestVersion: 2,
  createdAt: now - days(30),
};
export const policyList = { policies: [policyView] };
export const newPolicy = { name: 'Laptops', document: policyDocument, note: 'Rules of the security team' };
export const policyChange = { name: 'Laptops' };
export const policyGroups = { groups: [KARACHI.id] };
export const policyOrder = { policies: [id] };
export const newPolicyVersion = { after: 1, document: policyDocument, note: 'Adds firewall and screen lock' };
export const policyVersionView = {
  policy: id,
  version: 2,
  document: policyDocument,
  digest: digestOf(policyDocument),
  note: 'Adds firewall and screen lock',
  createdAt: now - days(2),
  createdBy: KARL.account,
};
const first = { ...policyVersionView, version: 1, document: earlier, digest: digestOf(earlier), note: '' };
export const policyVersionList = { versions: [policyVersionView, first], people: namesByAccount };
export const policyRollout = { version: 2, percent: 20 };
export const policyRollback = { version: 1 };
const differences = [
  { setting: 'firewall.enabled', from: null, to: true },
  { setting: 'screen.lock-minutes', from: null, to: 5 },
];
export const policyComparison = { from: first, to: policyVersionView, differences };
export const policyRehearsal = { version: 2, percent: 20 };
export const policyRehearsalView = {
  devices: 40,
  changed: 8,
  otherActions: 0,
  settings: [
    { setting: 'firewall.enabled', devices: 8, met: 5, notMet: 1 },
    { setting: 'screen.lock-minutes', devices: 8, met: 0, notMet: 0 },
  ],
  examples: [{ device, differences }],
};

const failingSince = now - days(1);
const lockAt = failingSince + days(7);
export const deviceComplianceView = {
  state: 'in-grace' as const,
  reportedAt: now - 60_000,
  changedAt: failingSince,
  settings: [
    {
      setting: 'firewall.enabled',
      value: true,
      policy: id,
      name: 'Laptops',
      version: 2,
      groups: [KARACHI.id],
      because: 'only' as const,
      over: [],
      status: 'not-met' as const,
      detail: 'ufw is installed and disabled.',
      applied: false,
      failingSince,
    },
  ],
  countdown: [{ action: 'lock-workspace' as const, at: lockAt, settings: ['firewall.enabled'] }],
  taken: [{ action: 'notify' as const, at: failingSince }],
};
export const complianceCounts = { compliant: 362, 'in-grace': 12, 'not-compliant': 3, unknown: 20, 'no-policy': 3 };
export const compliancePage = {
  devices: [
    {
      device,
      user,
      name: 'mac-204',
      state: 'in-grace' as const,
      failing: ['firewall.enabled'],
      reportedAt: now - 60_000,
      changedAt: failingSince,
      nextAt: failingSince + days(3),
    },
  ],
  cursor: null,
};
export const complianceStatementEnvelope = {
  payloadType: COMPLIANCE_STATEMENT,
  payload: base64('Example statement of compliance'),
  signatures: [{ keyid: KARL.keyid, sig: KARL.sig }],
};
export const complianceHistory = {
  events: [
    { id: 2, at: failingSince, event: 'notify' as const, detail: '' },
    { id: 1, at: failingSince, event: 'state' as const, detail: '{"state":"in-grace","failing":["firewall.enabled"]}' },
  ],
};
