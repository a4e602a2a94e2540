import { type Checks, runChecks } from '../../policy/checks.ts';
import { linuxChecks } from '../../policy/linux-checks.ts';
import { accountOf, machineFiles } from '../../policy/machine-checks.ts';
import type { ChangePorts, Changes } from '../changes.ts';
import type { RunTool } from '../run-tool.ts';
import { updatesPart } from './automatic-updates.ts';
import { certificatesPart } from './certificates.ts';
import { firewallPart } from './firewall.ts';
import { networkConnectionsPart } from './network-connections.ts';
import { screenLockPart } from './screen-lock.ts';
import { openSettingRecords } from './setting-records.ts';
import { type AppliedSettings, createSettings } from './settings.ts';
import { forbiddenSoftwarePart, ownSoftwarePart, requiredSoftwarePart } from './software.ts';
import { sshKeysOnlyPart, sshRootPart } from './ssh.ts';
import { readSystemFile, systemFilesPart } from './system-files.ts';
import { timePart } from './time-synchronization.ts';
import { usbStoragePart } from './usb-storage.ts';

/** Settings of this machine. `folder`: folder of the helper for its records. */
export function openSettings(
  ports: ChangePorts & { readonly changes: Changes; readonly runTool: RunTool; readonly folder: string },
): AppliedSettings {
  const { policy, runTool, folder, now, log } = ports;
  const records = openSettingRecords(folder);
  const files = machineFiles(process.platform, folder, readSystemFile);
  return createSettings({
    records,
    policy,
    now,
    log,
    parts: {
      'firewall.enabled': firewallPart(runTool, folder, policy.openPorts),
      'updates.automatic': updatesPart(ownSoftwarePart(ports)),
      'time.synchronized': timePart(runTool),
      'screen.lock-minutes': screenLockPart(runTool),
      'files.content': systemFilesPart(runTool, policy, accountOf),
      'ssh.keys-only': sshKeysOnlyPart(runTool),
      'ssh.root-sign-in': sshRootPart(runTool),
      'usb-storage.blocked': usbStoragePart(runTool),
      'software.required': requiredSoftwarePart(ports),
      'software.forbidden': forbiddenSoftwarePart(ports),
      'certificates.trusted': certificatesPart(runTool),
      'network.connections': networkConnectionsPart(runTool),
    },
    async check(setting, value) {
      // New checks each time, because the checks of one round share the list of packages.
      const checks: Checks = {
        ...linuxChecks(),
        ...(files && { 'files.content': (wanted) => files.check(wanted, new Map()) }),
      };
      const [result] = await runChecks([{ setting, value: JSON.stringify(value) }], checks, process.platform);
      return { status: result?.status ?? 'unknown', detail: result?.detail ?? '' };
    },
  });
}
