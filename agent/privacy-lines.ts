/** Output of `cordon-agent privacy`. */

import { fileWordsIn } from '../shared/files/notice-words/file-words.ts';
import { scriptWordsIn } from '../shared/scripts/notice-words/script-words.ts';
import { plain } from '../shared/text/visible-text.ts';
import type { ScriptsView } from './agent.ts';
import type { PrivacySection, PrivacyView } from './inventory/privacy-view.ts';
import type { FetchRecord } from './work/file-transfers.ts';

/** Number of values of a list that the command prints without `--all`. */
const FEW = 5;

const STATES: Readonly<Record<PrivacySection['state'], string>> = {
  reported: 'reported',
  answers: 'answered when an admin asks; the newest queries:',
  waiting: 'will be reported after the next connection',
  off: 'switched off by your organization',
  'not-displayed': 'switched on by your organization; reported from now on, because this list has shown it to you',
  unsupported: 'not available on this device',
  failed: 'could not be read',
};

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** Scripts that ran on this device, and whether the machine allows them. */
export function scriptLines({ setting, scripts }: ScriptsView, languages: readonly string[]): string[] {
  const words = scriptWordsIn(languages);
  return [
    '',
    words.title,
    `  ${setting === 'off' ? words.off : words.lead}`,
    ...(setting === 'unconfined' ? [`  ${words.unconfined}`] : []),
    ...(scripts.length === 0 ? [`  ${words.none}`] : []),
    ...scripts.map(
      ({ name, version, purpose, reviewers, startedAt, outcome }) =>
        `  ${dateOf(startedAt)} UTC  ${plain(name)} (${words.version(version)}): ${words.outcome[outcome]}. ${plain(purpose)}. ${words.reviewedBy(plain(reviewers.join(', ')))}`,
    ),
  ];
}

/** Files that the organization fetched from this device. */
export function fetchLines(fetched: readonly FetchRecord[], languages: readonly string[]): string[] {
  const words = fileWordsIn(languages);
  return [
    '',
    words.fetched,
    ...(fetched.length === 0 ? [`  ${words.noneFetched}`] : []),
    ...fetched.map(
      ({ name, reason, at }) =>
        `  ${dateOf(at)} UTC  ${plain(name)}. ${words.reason.replace('{reason}', () => plain(reason))}`,
    ),
  ];
}

export function privacyLines({ sections, changedAt }: PrivacyView, all: boolean): string[] {
  return [
    'This agent reports the following to your organization, and nothing else about the device:',
    ...sections.flatMap((section) => sectionLines(section, all)),
    '',
    changedAt === null
      ? 'Your organization has not changed this list since the enrollment.'
      : `Your organization changed this list last on ${dateOf(changedAt)} UTC.`,
    'Lost mode: the agent sends coordinates of this device only while your organization has turned lost mode on. The device page, the desktop',
    'and "cordon-agent lost-mode" show it, and you can end it. The server then deletes the coordinates.',
    'Passcode of the workspace: the agent sends whether one is set and meets the policy, and after an hour that the workspace waits for it.',
    'It never sends the passcode.',
    'The agent also sends evidence of the location, receipts of orders, results of commands and alerts. SECURITY.md of Cordon describes them.',
  ];
}

function sectionLines({ title, meaning, state, widenedAt, values }: PrivacySection, all: boolean): string[] {
  const since = widenedAt === null ? '' : `, on since ${dateOf(widenedAt)} UTC`;
  return [
    '',
    `${title}: ${STATES[state]}${since}`,
    `  ${meaning}.`,
    ...valueLines(values, all).map((line) => `  ${line}`),
  ];
}

function valueLines(values: unknown, all: boolean): string[] {
  if (values === null || values === undefined) return [];
  if (!Array.isArray(values)) return objectLines(values);
  if (values.length === 0) return ['(none)'];
  const shown = all ? values : values.slice(0, FEW);
  const rest = values.length - shown.length;
  return [...shown.map(privacyText), ...(rest > 0 ? [`and ${rest} more (--all)`] : [])];
}

const objectLines = (values: unknown): string[] =>
  typeof values === 'object' && values !== null
    ? Object.entries(values).map(([name, value]) => `${name}: ${privacyText(value)}`)
    : [privacyText(values)];

export function privacyText(value: unknown): string {
  if (value === null || value === undefined) return 'unknown';
  if (Array.isArray(value))
    return value
      .map(privacyText)
      .filter((text) => text !== '')
      .join(' ');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, each]) => `${name} ${privacyText(each)}`)
      .join(', ');
  }
  return plain(String(value));
}
