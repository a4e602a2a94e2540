/** The settings `ssh.keys-only` and `ssh.root-sign-in`: a file each in sshd_config.d. The first value that sshd reads wins. */
import { isProgramMissing } from '../program-missing.ts';
import { HelperRefusal } from '../requests.ts';
import type { RunTool } from '../run-tool.ts';
import { contentOf, ownFile } from './own-file.ts';
import { runNeeded, type SettingPart } from './setting-part.ts';

const FOLDER = '/etc/ssh/sshd_config.d';
const SSHD = '/usr/sbin/sshd';
/** Debian and its derivatives, and the others. */
const UNITS = ['ssh.service', 'sshd.service'];
const WITHIN = 60_000;

export const sshKeysOnlyPart = (run: RunTool): SettingPart<true> =>
  sshPart(run, '00-cordon-keys-only.conf', () => ['PasswordAuthentication no', 'KbdInteractiveAuthentication no']);

export const sshRootPart = (run: RunTool): SettingPart<'no' | 'keys-only'> =>
  sshPart(run, '00-cordon-root.conf', (value) => [`PermitRootLogin ${value === 'no' ? 'no' : 'prohibit-password'}`]);

function sshPart<Value>(run: RunTool, name: string, linesOf: (value: Value) => string[]): SettingPart<Value> {
  const file = ownFile(`${FOLDER}/${name}`);
  return {
    isApplied: async (value) => file.has(linesOf(value)),
    async apply(value) {
      if (!/^\s*Include\s.*sshd_config\.d\//m.test(contentOf('/etc/ssh/sshd_config') ?? '')) {
        throw new HelperRefusal('not_supported', `/etc/ssh/sshd_config of this device does not include ${FOLDER}.`);
      }
      await runNeeded(run, SSHD, '-t');
      file.write(linesOf(value));
      try {
        await runNeeded(run, SSHD, '-t');
      } catch (error) {
        // A configuration with an error would stop the next start of the SSH server.
        file.remove();
        throw error;
      }
      await reload(run);
    },
    async revert() {
      file.remove();
      await reload(run);
    },
  };
}

/** A server that does not run reads the files at its start. */
async function reload(run: RunTool): Promise<void> {
  for (const unit of UNITS) {
    try {
      if ((await run('systemctl', ['is-active', unit], { within: WITHIN })).code !== 0) continue;
    } catch (error) {
      if (isProgramMissing(error)) return;
      throw error;
    }
    await runNeeded(run, 'systemctl', 'reload', unit);
  }
}
