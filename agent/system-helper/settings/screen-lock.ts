/** The setting `screen.lock-minutes`: a file in logind.conf.d. */
import type { RunTool } from '../run-tool.ts';
import { ownFile } from './own-file.ts';
import { runNeeded, type SettingPart } from './setting-part.ts';

const linesOf = (minutes: number) => ['[Login]', 'IdleAction=lock', `IdleActionSec=${minutes}min`];

export function screenLockPart(run: RunTool): SettingPart<number> {
  const file = ownFile('/etc/systemd/logind.conf.d/cordon.conf', { createFolder: true });
  const reload = () => runNeeded(run, 'systemctl', 'reload', 'systemd-logind.service');
  return {
    isApplied: async (minutes) => file.has(linesOf(minutes)),
    async apply(minutes) {
      await runNeeded(run, 'systemctl', '--version');
      file.write(linesOf(minutes));
      await reload();
    },
    async revert() {
      file.remove();
      await reload();
    },
  };
}
