import { canonicalText } from '../../order/canonical.ts';
import { sha256 } from '../../order/digest.ts';
import { ANNA, base64, days, idOf, KARL, namesByAccount, TIMES } from './story.ts';

const { now } = TIMES;
const id = idOf('scr', 'cache');
const name = 'Clear the package cache';
const content = {
  purpose: 'Frees disk space on laptops',
  interpreter: 'sh' as const,
  text: 'du -sh /var/cache/apt\n',
  seconds: 60,
  memory: 256,
  output: 64,
};
const { text, ...limits } = content;
const author = KARL.person;
const expiresAt = now + days(180);
const payload = canonicalText({
  installation: 'ins_abcdefghijklmnop',
  script: id,
  version: 1,
  name,
  ...limits,
  text: sha256(text),
  author,
  expires: new Date(expiresAt).toISOString(),
});
const digest = sha256(payload);
const keyid = sha256('key of the reviewer');

export const newScript = { name, ...content, days: 180 };
export const newScriptVersion = { after: 1, ...content, days: 180 };
export const scriptVersionView = {
  script: id,
  version: 1,
  state: 'reviewed' as const,
  ...content,
  arguments: [],
  payload,
  digest,
  author,
  createdBy: KARL.account,
  createdAt: now - days(2),
  expiresAt,
  reviews: [{ keyid, account: ANNA.account, name: ANNA.name, at: now - days(1) }],
  withdrawn: null,
  reviewers: [ANNA.name],
  obstacle: 'You wrote this version, with this account or another of your accounts. Another approver must review it.',
};
export const scriptVersionList = { versions: [scriptVersionView], people: namesByAccount };
export const scriptView = { id, name, createdAt: now - days(2), newestVersion: 1 };
export const scriptList = { scripts: [{ ...scriptView, state: 'reviewed' as const, purpose: content.purpose }] };
export const scriptReview = { digest, keyid, signature: base64('signature of the reviewer') };
export const scriptSettings = { on: true, at: now - days(3), by: KARL.account };
export const scriptSettingsChange = { on: true };
export const scriptOutput = { text: '120M\t/var/cache/apt\n', next: 20, ended: true };
