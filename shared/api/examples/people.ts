import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import {
  ANNA,
  at,
  BILAL,
  base64,
  DEVICE_URL,
  days,
  HOSTNAME,
  INSTALLATION,
  idOf,
  KARACHI,
  KARL,
  ORGANIZATION,
  PUBLIC_URL,
  SARA,
  TIMES,
} from './story.ts';

const everywhere = { group: null, area: null };
const TOKEN = 'EXAMPLE-TOKEN-FROM-THE-LINK';
const PASSWORD = 'example password';

export const accountView = {
  id: ANNA.account,
  person: ANNA.person,
  email: ANNA.email,
  name: ANNA.name,
  status: 'active',
  ready: true,
  password: true,
  createdAt: TIMES.start,
  emailVerifiedAt: TIMES.start + 600_000,
  identity: {
    issuer: 'https://login.exempel.example',
    subject: 'EXAMPLE-SUBJECT',
    linkedAt: TIMES.start,
    signedInAt: TIMES.now,
  },
  grants: [{ role: 'owner', ...everywhere, source: 'manual' }],
};
export const accountList = { accounts: [accountView] };
export const grant = { role: 'legal', group: null, area: 'PK' };
export const newAccount = { email: SARA.email, name: SARA.name, grants: [grant] };
export const invitationView = {
  invitation: null,
  link: null,
  expiresAt: TIMES.now + days(7),
  mail: { to: SARA.email, failure: null },
};
export const invitedAccount = {
  ...invitationView,
  account: {
    ...accountView,
    id: SARA.account,
    person: SARA.person,
    email: SARA.email,
    name: SARA.name,
    identity: null,
    grants: [{ ...grant, source: 'manual' }],
    ready: false,
    password: false,
    createdAt: TIMES.now,
    emailVerifiedAt: null,
  },
};
export const accountChange = { status: 'active' };
export const addressVerification = { token: TOKEN };
export const sentVerification = { expiresAt: TIMES.now + days(1), mail: { to: ANNA.email, failure: null } };
export const redemption = { token: TOKEN, password: PASSWORD };
export const redeemed = {
  account: accountView,
  totpSecret: 'EXAMPLE',
  totpUri: `otpauth://totp/${encodeURIComponent(`${ORGANIZATION}:${ANNA.email}`)}?secret=EXAMPLE`,
};

export const signIn = { email: ANNA.email, password: PASSWORD, totp: '123456' };
export const stepUp = { totp: '123456' };
export const steppedUp = { authenticatedAt: TIMES.now };
export const sessionView = {
  account: accountView,
  via: 'session',
  passkeyPending: false,
  csrf: 'EXAMPLE-CSRF-VALUE',
  expiresAt: TIMES.now + days(1),
  authenticatedAt: TIMES.now,
  rights: ['devices.list', 'orders.list', 'orders.propose'],
};
export const providerView = {
  provider: {
    name: 'Exempel Directory',
    origin: 'https://cordon.exempel.example',
    only: false,
    signOutUrl: 'https://login.exempel.example/session/end?client_id=cordon',
  },
};
export const providerRedirect = { url: 'https://login.exempel.example/auth?client_id=cordon&state=EXAMPLE' };
export const providerResponse = {
  response: 'code=EXAMPLE&state=EXAMPLE&iss=https%3A%2F%2Flogin.exempel.example',
};
export const providerResult = { purpose: 'sign-in', session: sessionView, authenticatedAt: null };
export const openSession = {
  id: idOf('ses', 'anna'),
  account: ANNA.account,
  createdAt: TIMES.now,
  lastUsedAt: TIMES.now,
  expiresAt: sessionView.expiresAt,
  address: '198.51.100.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0',
  current: true,
};
export const sessionList = { sessions: [openSession] };
export const newToken = { name: 'Nightly inventory report', expiresInDays: 90 };
export const tokenView = {
  id: idOf('tok', 'inventory'),
  name: newToken.name,
  createdAt: TIMES.start,
  expiresAt: TIMES.start + days(newToken.expiresInDays),
  destructive: false,
  role: null,
  lastUsedAt: TIMES.now,
  lastAddress: '198.51.100.12',
};
export const tokenList = { tokens: [tokenView] };
export const createdToken = { ...tokenView, lastUsedAt: null, lastAddress: null, secret: 'EXAMPLE-TOKEN' };
export const accessView = { ...sessionList, tokens: [{ ...tokenView, account: ANNA.account }] };
export const endedAccess = { sessions: 1, tokens: 1 };

export const newGroup = { name: KARACHI.name, home: 'PK', seat: null };
export const groupView = {
  ...KARACHI,
  home: 'PK',
  seat: null,
  createdAt: TIMES.start,
  mailPrograms: false,
  expression: null,
  trusted: true,
  complete: true,
};
export const groupList = { groups: [groupView] };
export const groupUse = { kind: 'people', count: 1, names: [BILAL.name] };
export const groupDetail = { ...groupView, uses: [groupUse] };
export const groupChange = { home: 'PK' };
const selection = { devices: [BILAL.device] };
export const deviceAction = selection;
export const deviceEnding = { ...selection, expect: 1 };
export const deviceRevocation = { ...selection, expect: 1, reason: 'keyCompromise' };
export const placementOfMany = { ...selection, expect: 1, change: { home: 'PK-SD' } };
export const membershipOfMany = { ...selection, expect: 1, group: KARACHI.id };
export const lostModeEndOfMany = { ...selection, expect: 1 };
export const lostModeOfMany = {
  ...lostModeEndOfMany,
  reason: 'Left in a train',
  contact: 'Please call +46 8 123 456 78.',
  days: 7,
};
export const holdOnMany = { ...selection, expect: 1, reason: 'Court order 12/2026', reference: '12/2026' };
export const labelChange = { ...selection, add: ['loan 2026'], remove: [] };
export const deviceActionPreview = { ...selection, action: 'retire' };
const notNeeded = { needed: false, names: [], more: false, remedy: null };
export const deviceActionImpact = {
  selected: 1,
  affected: 1,
  overrides: 0,
  effects: [],
  secondPerson: notNeeded,
  sample: [{ id: BILAL.device, user: BILAL.name, hostname: null }],
  refused: [],
  names: {},
};
export const runningChanges = {
  changes: [{ action: 'place', devices: 12_000, done: 3_500, startedAt: TIMES.now }],
};
export const deviceActionResult = { changed: 1, refused: [] };
const pairs = [{ device: HOSTNAME, person: 'sara@exempel.example' }];
const newOwner = { id: SARA.person, name: SARA.name };
export const reassignmentPreviewRequest = { pairs };
export const reassignmentRequest = { pairs, expect: 1, expiresInHours: 168, mail: true };
export const reassignmentPreview = {
  affected: 1,
  secondPerson: notNeeded,
  lines: [
    {
      line: 1,
      asked: pairs[0],
      device: { id: BILAL.device, user: BILAL.name, hostname: HOSTNAME },
      owner: newOwner,
      refusal: null,
    },
  ],
};
export const reassignmentResult = {
  codes: [
    {
      device: BILAL.device,
      hostname: HOSTNAME,
      owner: newOwner,
      link: `cordon:enroll?public=${PUBLIC_URL}&device=${DEVICE_URL}&ca=${sha256('Example root CA')}&code=${BILAL.device}.EXAMPLE`,
      expiresAt: TIMES.now + days(7),
      mailed: 'sent',
    },
  ],
  refused: [],
};
export const groupTrust = { trusted: true };
export const memberChange = { add: [BILAL.device], remove: [] };
export const groupFacts = {
  facts: [{ name: 'os.platform', type: 'string', meaning: 'Platform: linux, win32 or darwin' }],
  functions: [{ signature: 'known(fact)', meaning: 'Whether the server knows the fact. Never unknown' }],
};
export const previewRequest = { expression: 'os.platform == "linux" && !disk.encrypted' };
export const groupPreview = {
  error: null,
  matching: 1,
  unknown: 0,
  examined: 3,
  complete: true,
  examples: [{ id: BILAL.device, user: BILAL.name, hostname: HOSTNAME }],
};
export const deviceMembership = { ...KARACHI, kind: 'primary' };

export const newPerson = {
  name: BILAL.name,
  email: 'bilal@exempel.example',
  groups: [KARACHI.id],
  directoryId: 'bahmed',
};
export const personView = {
  ...newPerson,
  id: BILAL.person,
  status: 'active',
  groups: [KARACHI],
  createdAt: TIMES.enrolled,
  devices: 1,
  account: false,
  inScope: true,
};
export const personPage = { people: [personView], cursor: null };
export const personChange = { directoryId: newPerson.directoryId };

export const newApproverKey = { publicKey: KARL.publicKey };
export const approverKeyView = {
  keyid: KARL.keyid,
  person: KARL.person,
  account: KARL.account,
  name: KARL.name,
  publicKey: KARL.publicKey,
  registeredAt: TIMES.start,
  rpId: null,
};
export const knownApproverKey = { ...approverKeyView, verified: true };
export const approverKeyList = { keys: [knownApproverKey] };
export const approverSetProposal = { keyids: [KARL.keyid, SARA.keyid], threshold: 2 };

const onlineKey = base64('Example online key');
const setPayload = canonicalText({
  installation: INSTALLATION,
  version: 1,
  previous: null,
  threshold: approverSetProposal.threshold,
  approvers: [KARL, SARA].map(({ person, keyid, publicKey }) => ({
    person,
    keyid,
    publicKey,
    attestation: 'verified',
  })),
  onlineKeys: [{ keyid: sha256(Buffer.from(onlineKey, 'base64')), publicKey: onlineKey }],
  issuedAt: new Date(at('2026-01-12T10:00:00Z')).toISOString(),
});
export const approverSetView = {
  version: 1,
  state: 'adopted',
  payload: setPayload,
  digest: sha256(setPayload),
  signatures: [KARL, SARA].map(({ keyid, sig }) => ({ keyid, sig })),
};
export const approversView = { current: approverSetView, pending: null, uncoveredOrders: [] };
export const signatureBody = { keyid: KARL.keyid, signature: KARL.sig };

export const newCliSignIn = { host: 'anna-laptop' };
export const begunCliSignIn = { userCode: 'WDJB-MJHT', secret: 'EXAMPLE-SECRET', expiresInSeconds: 600, interval: 2 };
export const cliSignInSecret = { secret: 'EXAMPLE-SECRET' };
export const cliSignInCode = { code: 'WDJB-MJHT' };
export const cliSignInView = {
  code: 'WDJB-MJHT',
  host: 'anna-laptop',
  address: '192.0.2.10',
  begunAt: TIMES.now,
  expiresAt: TIMES.now + 600_000,
};
export const cliSignInResult = { session: sessionView };
