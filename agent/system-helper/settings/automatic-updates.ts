/** The setting `updates.automatic`: the package unattended-upgrades, and a file of apt that switches it on. */
import { ownFile } from './own-file.ts';
import type { SettingPart } from './setting-part.ts';

export const UPDATE_PACKAGES = ['unattended-upgrades'];
/** The file is the last one that apt reads, so its values win. */
const LINES = [
  'APT::Periodic::Enable "1";',
  'APT::Periodic::Update-Package-Lists "1";',
  'APT::Periodic::Unattended-Upgrade "1";',
];

/** `software`: the part that installs packages. */
export function updatesPart(software: SettingPart<readonly string[]>): SettingPart<true> {
  const file = ownFile('/etc/apt/apt.conf.d/99zz-cordon');
  return {
    isApplied: async (_, note) => file.has(LINES) && (await software.isApplied(UPDATE_PACKAGES, note)),
    async apply(_, note, tell) {
      await software.apply(UPDATE_PACKAGES, note, tell);
      file.write(LINES);
    },
    async revert(note, tell) {
      file.remove();
      await software.revert(note, tell);
    },
  };
}
