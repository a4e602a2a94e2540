/** The setting `usb-storage.blocked`: modprobe does not load the drivers of USB storage. */
import { HelperRefusal } from '../requests.ts';
import type { RunTool } from '../run-tool.ts';
import { contentOf, ownFile } from './own-file.ts';
import { runNeeded, type SettingPart } from './setting-part.ts';

const LINES = ['install usb-storage /bin/false', 'install uas /bin/false'];

export function usbStoragePart(run: RunTool): SettingPart<true> {
  const file = ownFile('/etc/modprobe.d/cordon.conf');
  const loaded = () => ['uas', 'usb_storage'].filter((name) => modules().has(name));
  return {
    isApplied: async () => file.has(LINES) && loaded().length === 0,
    async apply() {
      await runNeeded(run, 'modprobe', '--version');
      file.write(LINES);
      for (const name of loaded()) {
        const { code } = await run('modprobe', ['--remove', name], { within: 60_000 });
        if (code !== 0) {
          throw new HelperRefusal('failed', 'A USB storage device is in use. The driver stays loaded until a restart.');
        }
      }
    },
    revert: async () => file.remove(),
  };
}

/** Names of the loaded modules of the kernel. */
const modules = (): ReadonlySet<string> =>
  new Set((contentOf('/proc/modules') ?? '').split('\n').map((line) => line.split(' ')[0] ?? ''));
