import { CATALOG, isSettingId } from '../../shared/policy/catalog.ts';
import type { PolicyView } from './policy-work.ts';

/** Settings that the device does not meet, and the actions of their policy, for the device page. */
export function policyStatusOf({ settings, compliance }: PolicyView) {
  const failing = (compliance?.failing ?? []).map((setting) => ({
    setting,
    title: isSettingId(setting) ? CATALOG[setting].title : setting,
    detail: settings.find((each) => each.setting === setting)?.detail ?? '',
  }));
  const restriction = compliance?.taken?.find(({ action }) => action === 'restrict-services');
  return { failing, restrictedSince: restriction?.at ?? null, countdown: [...(compliance?.countdown ?? [])] };
}
