/** Output of `cordon-agent policy`, and the line about the policy in `cordon-agent status`. */
import { CATALOG, isSettingId, valueText } from '../../shared/policy/catalog.ts';
import { plain } from '../../shared/text/visible-text.ts';
import type { ComplianceNotice, PolicyView } from './policy-work.ts';

type SettingView = PolicyView['settings'][number];

const when = (instant: number): string => new Date(instant).toISOString().replace(/:\d\d\.\d{3}Z$/, 'Z');

const MARKS: Readonly<Record<string, string>> = {
  met: 'met',
  'not-met': 'NOT MET',
  unknown: 'unknown',
  'not-supported': 'not supported',
};

export function policyLine({ settings, compliance }: PolicyView): string {
  if (settings.length === 0) return 'none';
  const failed = settings.filter(({ status }) => status === 'not-met').length;
  const [next] = compliance?.countdown ?? [];
  const count = `${settings.length} ${settings.length === 1 ? 'setting' : 'settings'}`;
  const result = failed === 0 ? 'no check failed' : `${failed} not met`;
  return `${count}, ${result}${next ? `. ${countdownText(next)}` : ''}. \`cordon-agent policy\` lists them`;
}

export function policyLines({ settings, compliance }: PolicyView): string[] {
  if (settings.length === 0) return ['No policy applies to this device.'];
  return [
    ...settings.flatMap((each) => [
      `${MARKS[each.status ?? 'unknown']}: ${titleOf(each)} (${plain(wanted(each))})${how(each)}`,
      ...(each.detail ? [`    ${plain(each.detail)}`] : []),
    ]),
    ...(compliance?.taken ?? []).flatMap(({ action, at }) => {
      const text = IN_EFFECT[action];
      return text === undefined ? [] : [`${text} since ${when(at)}, until the device meets the policy.`];
    }),
    ...(compliance?.countdown ?? []).map(
      (each) => `${countdownText(each)}, unless the device meets the policy before.`,
    ),
  ];
}

/** Says whether the device applied the setting itself or only checks it, for the end of a line. */
function how({ setting, applied }: SettingView): string {
  if (applied) return ', applied by the device';
  return isSettingId(setting) && CATALOG[setting].apply === null ? ', only checked' : '';
}

const titleOf = ({ setting }: SettingView): string => (isSettingId(setting) ? CATALOG[setting].title : plain(setting));

function wanted({ setting, value }: SettingView): string {
  try {
    return valueText(setting, JSON.parse(value));
  } catch {
    // A newer server may send a value in another form. The text then shows the value as received.
    return value;
  }
}

const ACTIONS: Readonly<Record<string, string>> = {
  notify: 'You get a message',
  'restrict-services': 'Messages and mail stop',
  'lock-workspace': 'The workspace is locked',
  'wipe-workspace': 'The workspace is wiped',
};

const IN_EFFECT: Readonly<Record<string, string>> = {
  'restrict-services': 'Messages and mail wait',
  'lock-workspace': 'The workspace is locked',
};

const countdownText = ({ action, at }: ComplianceNotice['countdown'][number]): string =>
  `${ACTIONS[action] ?? plain(action)} at ${when(at)}`;
