/** Figures in documents: each must be the one of the code. Line breaks of a document do not matter. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { readAgentConfig } from '../../agent/config.ts';
import { CLAIM_REPEATED_FOR, WALL_CLOCK_TRUSTED_FOR } from '../../agent/enforcement/device-clock.ts';
import { COPY_WITHIN } from '../../agent/mail/delivery-state.ts';
import { readConnectorConfig } from '../../agent/mail-connector/config.ts';
import { RETURN_AFTER } from '../../agent/mail-connector/retry-schedule.ts';
import { LARGEST_RETURNED } from '../../agent/mail-connector/status-notification.ts';
import { DEFAULT_PORT } from '../../agent/mail-programs/default-port.ts';
import { RESERVE_SIZE } from '../../agent/store/disk-space.ts';
import { PASSCODE_COST } from '../../agent/workspace/passcode-file.ts';
import { PROFILES } from '../../certs/profiles.ts';
import { STEP_UP_WITHIN, soloLimit } from '../../server/admins/action-policy.ts';
import { PENDING_LASTS } from '../../server/admins/pending-sign-ins.ts';
import { PROVIDER_ROLES_LAST, SESSION_LASTS } from '../../server/admins/provider-roles.ts';
import { readConfig } from '../../server/config.ts';
import { LOG_DAYS } from '../../server/device-logs/device-logs.ts';
import { STEP } from '../../server/devices/steps.ts';
import { FETCHED_DAYS } from '../../server/files/files.ts';
import { SLICE } from '../../server/gateway/sliced-responses.ts';
import { MOST_CHANGES_PER_DAY } from '../../server/inventory/intake.ts';
import { KEPT } from '../../server/live-queries/live-queries.ts';
import { MAIL_KEPT_FOR } from '../../server/mail/acceptance.ts';
import { QUEUE_LIMITS } from '../../server/mail/placement.ts';
import { BACKOFF } from '../../server/notifications/decisions.ts';
import { readProviderSettings } from '../../server/openid/provider-settings.ts';
import { EXPIRES_AFTER } from '../../server/orders/adoption/order-list.ts';
import { SILENT_AFTER } from '../../server/orders/exit/exit-progress.ts';
import { LONGEST_OVERRIDE } from '../../server/orders/impact/statement-effects.ts';
import { KEY_PERIOD } from '../../server/person-keys/person-keys.ts';
import { READ_SUBJECTS } from '../../server/reading-limit.ts';
import { PART } from '../../server/uploads.ts';
import { MOST_LOST_TOGETHER } from '../../shared/api/device-actions.ts';
import { LARGEST_ADVISORY_FILE } from '../../shared/api/software.ts';
import { LONGEST_WINDOW_DAYS } from '../../shared/disclosure/record-types.ts';
import { LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import { SECTIONS } from '../../shared/inventory/sections.ts';
import { MOST_ENTRIES } from '../../shared/inventory/software.ts';
import { MOST_POSITIONS, POSITION_EVERY } from '../../shared/lost-mode/lost-mode.ts';
import { BRIEF_PAUSE } from '../../shared/order/adoption-state.ts';
import { PROPOSAL_LIFETIME } from '../../shared/order/proposal-end.ts';
import { settingsSchema } from '../../shared/policy/catalog.ts';
import { policyDocumentSchema } from '../../shared/policy/policy-document.ts';
import { PERMITTED_SETTINGS } from '../../shared/policy/system-settings.ts';
import { LONGEST_COUNTDOWN } from '../../shared/power/power-action.ts';
import { POWER_WORDS_IN } from '../../shared/power/power-words.ts';
import { LARGEST_LOG } from '../../shared/protocol/device-http.ts';
import { PING_EVERY } from '../../shared/protocol/frames.ts';
import { newGroupId } from '../../shared/protocol/ids.ts';
import { LARGEST_GAP } from '../../shared/seal/suite.ts';
import { OFFICES } from '../demo/offices.ts';

const ROOT = join(import.meta.dirname, '../..');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KiB = 1024;
const MiB = 1024 * KiB;
const WORDS = 'zero one two three four five six seven eight nine ten eleven twelve thirteen'.split(' ');
const word = (number: number): string => WORDS[number] ?? String(number);
const thousands = (number: number): string => number.toLocaleString('en-US');
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const LANGUAGES = Object.keys(POWER_WORDS_IN).length;

const textOf = (document: string): string => readFileSync(join(ROOT, document), 'utf8').replaceAll(/\s+/g, ' ');

const FIGURES: Readonly<Record<string, readonly string[]>> = {
  'README.md': [
    `200 simulated devices in ${new Set(OFFICES.map(({ country }) => country)).size} countries`,
    `Devices apply ${word(PERMITTED_SETTINGS.length)} settings of policies with the system helper`,
    `The certificate is valid for ${PROFILES.device.days} days. The agent renews it from ${PROFILES.device.days / 3} days before its end`,
    `one approval pauses for ${BRIEF_PAUSE / HOUR} hours`,
  ],
  'CHANGELOG.md': [
    `devices apply ${word(PERMITTED_SETTINGS.length)} settings with the system helper`,
    `User and admin see it, in ${LANGUAGES} languages on the device`,
    `Mail, orders, policies and the passcode on the device page are in ${LANGUAGES} languages`,
    `starts and ends lost mode on up to ${thousands(MOST_LOST_TOGETHER)} devices`,
    `a countdown of 1 to ${LONGEST_COUNTDOWN} minutes`,
    `files of at most ${LARGEST_FILE / MiB} MiB`,
    `Admins download it within ${LOG_DAYS} days`,
    `from ${RESERVE_SIZE / MiB} MiB that it reserves`,
    `A pending proposal expires after ${PROPOSAL_LIFETIME / DAY} days`,
    `A location statement of this kind lasts at most ${LONGEST_OVERRIDE / DAY} days`,
    `A pause with a court's document does not end after ${BRIEF_PAUSE / HOUR} hours`,
    `reaches the device later, within ${COPY_WITHIN / DAY} days`,
    `contains the whole message up to ${LARGEST_RETURNED / MiB} MiB`,
    `limits a person to ${READ_SUBJECTS} subjects in 24 hours`,
    `\`cordon-monitor\` accepts at most ${READ_SUBJECTS} subjects`,
    `stored in parts of ${PART / KiB} KiB`,
  ],
  'SECURITY.md': [
    `Responses leave in slices of ${SLICE / KiB} KiB`,
    `A sign-in works once, for ${PENDING_LASTS / MINUTE} minutes`,
    `Such roles count for ${PROVIDER_ROLES_LAST.session / HOUR} hours after the last sign-in with the provider, for tokens ${PROVIDER_ROLES_LAST.token / DAY} days`,
    `a passkey or authenticator code of the last ${STEP_UP_WITHIN / MINUTE} minutes`,
    `up to a ${word(1_000 / soloLimit(1_000))}th of the fleet a day, at least ${soloLimit(0)} and at most ${soloLimit(1_000_000)} devices`,
    `gains up to ${word(WALL_CLOCK_TRUSTED_FOR / DAY)} days`,
    `the device's list expires after ${EXPIRES_AFTER / DAY} days`,
    `after ${word(CLAIM_REPEATED_FOR / HOUR)} hours of the same claim`,
    `One approver can pause an order once for ${BRIEF_PAUSE / HOUR} hours`,
    `If more than ${thousands(LARGEST_GAP)} messages of one sender in a row are missing`,
    `encrypted with a key per person and ${KEY_PERIOD / DAY} days`,
    `one subject at a time and ${READ_SUBJECTS} in 24 hours`,
    `about 0.2 seconds and ${PASSCODE_COST.memory / KiB} MiB each`,
    `the server has the newest ${MOST_POSITIONS} positions`,
    `One request starts lost mode on at most ${thousands(MOST_LOST_TOGETHER)} devices`,
    `The agent can report ${word(SECTIONS.length)} sections`,
    `at most ${thousands(MOST_CHANGES_PER_DAY)} software entries a day and list ${thousands(MOST_ENTRIES)}`,
    `${SILENT_AFTER / DAY} days after the server first found that the exit applies`,
    `one past window of at most ${LONGEST_WINDOW_DAYS} days`,
    `preview the records of at most ${READ_SUBJECTS} people in 24 hours`,
    `read the records of ${2 * READ_SUBJECTS} people per day`,
    `it was returned; at most ${MAIL_KEPT_FOR / DAY} days, without the time of an order`,
  ],
  'server/OPERATIONS.md': [
    `every session ends after ${SESSION_LASTS / HOUR} hours`,
    `Roles from the provider count for ${PROVIDER_ROLES_LAST.session / HOUR} hours after the last sign-in with the provider, for API tokens ${PROVIDER_ROLES_LAST.token / DAY} days`,
    `prints the port (${DEFAULT_PORT})`,
    `The connector tries for ${RETURN_AFTER / DAY} days`,
    `the queue of one device stayed full for ${COPY_WITHIN / DAY} days`,
    `at most ${QUEUE_LIMITS.device.bytes / MiB} MiB for each device and ${QUEUE_LIMITS.connector.bytes / KiB / MiB} GiB for each connector`,
    `Mail waits for at most ${MAIL_KEPT_FOR / DAY} days`,
    `they contain the whole message up to ${LARGEST_RETURNED / MiB} MiB`,
    `tries a delivery ${word(BACKOFF.length + 1)} times in about ${Math.round(sum(BACKOFF) / HOUR)} hours`,
    `in steps of ${STEP} devices`,
    `at most ${LARGEST_LOG / MiB} MiB after compression`,
    `The server deletes them after ${LOG_DAYS} days`,
    `the command also needs \`--count\`, at most ${thousands(MOST_LOST_TOGETHER)}`,
    `reports its position every ${word(POSITION_EVERY / MINUTE)} minutes`,
    `Upload a file of at most ${LARGEST_FILE / MiB} MiB`,
    `brings one file of this folder to the server, which deletes it after ${FETCHED_DAYS} days`,
    `in the memory of the server for ${KEPT === HOUR ? 'an hour' : `${KEPT / HOUR} hours`}`,
    `A file may have ${LARGEST_ADVISORY_FILE / MiB} MiB`,
    `appears as offline after at most ${(2 * PING_EVERY) / 1_000} seconds`,
    `notices the loss within ${(2.5 * PING_EVERY) / 1_000} seconds`,
    `preview the records of at most ${READ_SUBJECTS} people in 24 hours`,
    `One account can read ${READ_SUBJECTS} subjects in 24 hours`,
  ],
};

it.each(Object.entries(FIGURES))('%s has the figures of the code', (document, sentences) => {
  const text = textOf(document);
  expect(sentences.filter((sentence) => !text.includes(sentence))).toEqual([]);
});

/** Rows of the tables of variables in server/OPERATIONS.md: each variable with its default, if the default is a literal value. */
function documentedDefaults(): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of readFileSync(join(ROOT, 'server/OPERATIONS.md'), 'utf8').split('\n')) {
    const [, names = '', values = ''] = /^\| (`CORDON_[^|]*) \| ([^|]*) \|/.exec(line) ?? [];
    const defaults = values.split(', ');
    for (const [index, name] of names.split(', ').entries()) {
      const literal = /^(?:`([^`]+)`|(\d+))(?: \(no limit\))?$/.exec(defaults[index] ?? '');
      const value = literal?.[1] ?? literal?.[2];
      if (value !== undefined) found.set(name.replaceAll('`', ''), value.replace(/^~(?=\/)/, homedir()));
    }
  }
  return found;
}

it('the JSON examples in server/OPERATIONS.md are valid', () => {
  const text = readFileSync(join(ROOT, 'server/OPERATIONS.md'), 'utf8').replaceAll('grp_…', newGroupId());
  const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']): unknown => JSON.parse(json));
  const [provider, policy, connections, ...others] = examples;
  expect(others).toEqual([]);
  expect(policyDocumentSchema.safeParse(policy).error).toBeUndefined();
  expect(settingsSchema.safeParse(connections).error).toBeUndefined();
  const folder = mkdtempSync(join(tmpdir(), 'cordon-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'oidc.json');
  writeFileSync(file, JSON.stringify(provider));
  expect(readProviderSettings({ file, secret: 'secret', secretFile: null }).roles).toHaveLength(3);
});

it('server/OPERATIONS.md has the defaults of the variables', () => {
  const connector = {
    CORDON_CONNECTOR_SUBMISSION_URL: 'smtp://cordon:secret@mail.corp.example',
    CORDON_CONNECTOR_IMAP_URL: 'imaps://cordon:secret@mail.corp.example',
  };
  const read = (env: NodeJS.ProcessEnv) => ({
    server: readConfig(env),
    agent: readAgentConfig(undefined, env),
    connector: readConnectorConfig(undefined, { ...connector, ...env }),
  });
  const unset = read({});
  const defaults = documentedDefaults();
  expect(defaults.size).toBeGreaterThan(35);
  const wrong = [...defaults].filter(
    ([name, value]) => JSON.stringify(read({ [name]: value })) !== JSON.stringify(unset),
  );
  expect(wrong).toEqual([]);
});
