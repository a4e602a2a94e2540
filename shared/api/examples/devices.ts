import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import { usedDatabase } from './areas.ts';
import { inventoryOfDevice } from './inventory-of-device.ts';
import {
  ADDRESS,
  ANNA,
  BILAL,
  base64,
  DEVICE_URL,
  days,
  HOSTNAME,
  INSTALLATION,
  idOf,
  KARACHI,
  KARL,
  MAJA,
  namesByAccount,
  OMAR,
  ORDER,
  ORDER_TITLE,
  PUBLIC_URL,
  SARA,
  TIMES,
  VERSION,
} from './story.ts';

const { device, person, name: user } = BILAL;
const DISPLAY_NAME = 'Field office laptop 3';

export const newCode = { person, group: KARACHI.id, expiresInHours: 48 };
export const createdCode = {
  id: device,
  link: `cordon:enroll?public=${PUBLIC_URL}&device=${DEVICE_URL}&ca=${sha256('Example root CA')}&code=${device}.EXAMPLE`,
  expiresAt: TIMES.enrolled + days(2),
};
export const codeView = {
  id: device,
  person,
  user,
  group: KARACHI.name,
  home: null,
  seat: null,
  state: 'used',
  createdAt: TIMES.enrolled - 3_600_000,
  expiresAt: createdCode.expiresAt,
  mailConnector: false,
};
export const codePage = { codes: [codeView], cursor: null };

export const deviceView = {
  id: device,
  generation: 1,
  status: 'active',
  person,
  user,
  group: KARACHI,
  home: 'PK',
  seat: null,
  own: { home: null, seat: null },
  statement: null,
  underLegalHold: false,
  mailConnector: false,
  enrolledAt: TIMES.enrolled,
  endedAt: null,
  hostname: HOSTNAME,
  displayName: DISPLAY_NAME,
  platform: 'linux',
  workspace: { state: 'open', since: TIMES.enrolled },
  passcode: 'set',
  lifeCycle: 'active',
  missingSince: null,
  retiredAt: null,
  deletedAfter: null,
  labels: ['field office', 'loan 2026'],
  lostMode: false,
  presence: {
    connected: true,
    changedAt: TIMES.now - 7_200_000,
    lastSeenAt: TIMES.now,
    address: ADDRESS,
    agent: VERSION,
    listVersion: 14,
    recordStored: 1,
    approverSetVersion: 1,
  },
};
export const listedDevice = { ...deviceView, areas: ['PK'] };
export const devicePage = { devices: [listedDevice], cursor: null, total: 1 };
export const deviceNames = { devices: { [device]: { user, hostname: HOSTNAME, displayName: DISPLAY_NAME } } };
export const labelList = { labels: [{ label: 'loan 2026', devices: 12 }] };
export const deviceDetail = {
  ...deviceView,
  groups: [{ ...KARACHI, kind: 'primary' }],
  inventory: inventoryOfDevice,
};
export const deviceChange = {
  statement: {
    kind: 'presence',
    areas: ['AE'],
    reason: 'The user works at the Dubai office this week, and the hotel routes traffic through Karachi.',
    until: TIMES.now + days(5),
  },
};
export const deviceRename = { name: DISPLAY_NAME };
export const revocation = { reason: 'keyCompromise' };

const allowed = { allowed: true, denials: [], reasons: ['no_order'] };
export const serviceVerdict = {
  allowed: false,
  denials: [{ order: ORDER, revision: 1, reasons: ['present'] }],
  reasons: ['present'],
};
const services = { enrollment: allowed, management: allowed, messaging: serviceVerdict, mail: allowed };
export const verdictView = { device, services, nextChange: null };
export const locationView = { certainty: 'certain', areas: ['PK'], source: 'address', disagree: [], network: ['PK'] };
const source = {
  source: 'address',
  areas: ['PK'],
  at: TIMES.now - 7_200_000,
  since: TIMES.enrolled,
  until: null,
  fresh: true,
};
const observation = { source: 'address', areas: ['PK'], at: source.at, detail: ADDRESS, database: usedDatabase };
export const evidenceView = { location: locationView, statement: null, sources: [source], observations: [observation] };
export const certificateList = {
  certificates: [
    {
      serial: '5b1f0c7d9a3e4862',
      fingerprint: sha256('Example certificate of a device'),
      profile: 'device',
      generation: 1,
      notBefore: TIMES.enrolled,
      notAfter: TIMES.enrolled + days(90),
      revokedAt: null,
      supersededAt: null,
    },
  ],
};
const receipt = { revision: 1, kind: 'enforced', service: 'messaging', at: new Date(TIMES.effective).toISOString() };
export const deviceReceiptList = { receipts: [{ order: ORDER, ...receipt, gate: 'closed' }] };
export const alertList = {
  alerts: [
    {
      id: 7,
      at: TIMES.now - 1_800_000,
      firstAt: TIMES.now - 5_400_000,
      count: 2,
      severity: 'ordinary',
      device,
      code: 'report_refused',
      detail: 'evidence: The observation is older than the enrollment of the device.',
      acknowledged: null,
    },
  ],
};
export const explanationView = {
  device,
  at: TIMES.now,
  generation: 1,
  status: 'active',
  group: KARACHI,
  home: 'PK',
  homeBy: 'group',
  seat: null,
  location: locationView,
  sources: [{ ...source, detail: ADDRESS, database: usedDatabase }],
  observations: [{ ...observation, receivedAt: observation.at }],
  evidenceFrom: null,
  services,
  orders: [
    {
      order: ORDER,
      revision: 1,
      title: ORDER_TITLE,
      state: 'active',
      adoptedAt: TIMES.adopted,
      effective: TIMES.effective,
      until: null,
      services: ['messaging'],
      denies: true,
      reasons: ['present'],
      arrival: TIMES.enrolled,
      exemptUntil: null,
      receipts: [receipt],
    },
  ],
  nextChange: null,
};

const command = { kind: 'message', text: 'Messages end in Pakistan on 10 March at 00:00.' };
export const newCommand = { command, expiresInSeconds: 604_800 };
export const commandToMany = { command, filter: { group: KARACHI.id }, expect: 38 };
const commandId = idOf('cmd', 'farewell');
export const issuedToMany = { id: commandId, queued: 37, refused: [{ device: OMAR.device, code: 'conflict' }] };
export const commandView = {
  id: commandId,
  device,
  generation: 1,
  command,
  state: 'done',
  createdBy: KARL.account,
  createdAt: TIMES.adopted,
  expiresAt: TIMES.adopted + days(7),
  storedAt: TIMES.adopted + 2_000,
  finishedAt: TIMES.adopted + 3_000,
  detail: null,
  displayed: { at: TIMES.adopted + 60_000, on: 'desktop' },
  job: commandId,
  attempt: 1,
  cancelRequestedAt: null,
};
export const commandList = { commands: [commandView], people: namesByAccount };
export const stopRule = { percent: 5, minimum: 20 };
export const jobSummary = {
  id: commandId,
  name: 'Farewell message',
  command,
  createdBy: KARL.account,
  createdAt: TIMES.adopted,
  expiresAt: commandView.expiresAt,
  state: 'stopped',
  total: 37,
  counts: { queued: 25, stored: 0, done: 11, failed: 1, expired: 0, canceled: 0 },
  refused: 1,
  released: 1,
  waves: [
    { devices: 12, done: 11, failed: 1, lost: 0 },
    { devices: 25, done: 0, failed: 0, lost: 0 },
  ],
  gate: 90,
  stop: stopRule,
  retry: null,
  window: null,
  priority: null,
  supersedes: null,
  after: null,
  joiners: false,
  changed: { at: TIMES.adopted + 60_000, by: null, reason: null },
};
export const jobList = { jobs: [jobSummary], people: namesByAccount, cursor: null };
export const jobView = {
  ...jobSummary,
  people: namesByAccount,
  displayed: 11,
  failures: [{ device: MAJA.device, user: MAJA.name, state: 'failed', detail: 'No desktop session is open.' }],
};
export const jobDeviceList = {
  devices: [
    {
      device: MAJA.device,
      command: idOf('cmd', 'maja'),
      user: MAJA.name,
      host: null,
      wave: 1,
      released: true,
      state: 'failed',
      attempt: 1,
      storedAt: TIMES.adopted + 2_000,
      finishedAt: TIMES.adopted + 3_000,
      detail: 'No desktop session is open.',
    },
  ],
  next: null,
};
export const jobPause = { reason: 'The help desk has too many calls.' };
export const jobResume = { reason: 'The failed device has no screen.', stop: { percent: 10, minimum: 20 } };
export const jobAbort = { reason: 'The message has a wrong date.' };

const wipe = { ...newCommand, command: { kind: 'wipe-workspace' } };
export const actionView = {
  id: idOf('act', 'wipe'),
  action: 'workspace.wipe',
  status: 'pending',
  devices: 1,
  hash: sha256(canonicalText(wipe)),
  proposedBy: ANNA.account,
  proposedAt: TIMES.now,
  expiresAt: TIMES.now + days(1),
  decidedBy: null,
  decidedAt: null,
  reason: null,
  outcome: null,
  mine: false,
  confirmable: true,
};
const people = { [ANNA.account]: ANNA.name };
export const actionList = { actions: [actionView], people, soloLimit: { limit: 5, used: 1 } };
export const actionDetail = {
  ...actionView,
  scope: [device],
  sample: [{ device, user, owner: null }],
  route: 'commands.issue',
  params: { id: device },
  body: wipe,
  policy: null,
  effects: null,
  confirmers: { names: [KARL.name], more: false, remedy: null },
  people,
};
export const actionConfirmation = { hash: actionView.hash };
export const actionConfirmed = {
  action: {
    ...actionView,
    status: 'performed',
    confirmable: false,
    decidedBy: KARL.account,
    decidedAt: TIMES.now + 600_000,
  },
  result: {
    ...commandView,
    id: idOf('cmd', 'wipe'),
    command: wipe.command,
    state: 'queued',
    createdBy: ANNA.account,
    createdAt: TIMES.now + 600_000,
    expiresAt: TIMES.now + days(7),
    storedAt: null,
    finishedAt: null,
    displayed: null,
  },
};
export const actionRefusal = { reason: 'The device was found again. A lock is sufficient.' };

const keyPayload = canonicalText({
  installation: INSTALLATION,
  device,
  generation: 1,
  person,
  name: user,
  group: KARACHI.name,
  signatureKey: base64('Example messaging key, 32 bytes.'),
  issuedAt: new Date(TIMES.enrolled).toISOString(),
});
const keyDigest = sha256(keyPayload);
const organizationKey = sha256('Example organization key');
export const messagingKeyPage = {
  keys: [
    {
      device,
      generation: 1,
      person,
      name: user,
      group: KARACHI,
      since: TIMES.enrolled,
      digest: keyDigest,
      payload: keyPayload,
      countersignedBy: [organizationKey],
      others: [],
      codeBy: { account: ANNA.account, name: ANNA.name, scoped: false },
    },
  ],
  cursor: null,
};
export const countersignatures = {
  countersignatures: [
    { digest: keyDigest, keyid: organizationKey, signature: base64('Example signature of the organization') },
  ],
};
export const countersigned = { countersigned: 1, refused: [] };

export const newLegalHold = { person, reason: 'Preservation duty in a labor dispute.', reference: 'HR 2026/17' };
export const legalHoldView = {
  id: idOf('hld', 'labor'),
  on: { kind: 'person', person, user, devices: 1 },
  reason: newLegalHold.reason,
  reference: newLegalHold.reference,
  placedAt: TIMES.now,
  placedBy: SARA.account,
  released: null,
};
export const legalHoldPage = { holds: [legalHoldView], people: namesByAccount, cursor: null };
export const holdRelease = { reason: 'The parties settled the dispute.' };

export const newDeviceView = {
  name: 'Firewall off',
  shared: true,
  filter: { status: 'active', where: [{ field: 'firewall', op: 'is', value: false }] },
  columns: ['firewall', 'os.name', 'os.version'],
  sort: 'user',
  descending: false,
};
export const savedDeviceView = {
  ...newDeviceView,
  id: idOf('dvw', 'firewall'),
  owner: { id: SARA.account, name: SARA.name },
  mine: true,
  changedAt: TIMES.enrolled,
};
export const deviceViewList = { views: [savedDeviceView], columns: ['host', 'os.name', 'hardware.serial', 'seen'] };
export const deviceColumns = { columns: deviceViewList.columns };
