import type { Outbox } from '../link/outbox.ts';
import type { PasscodeStore } from '../passcode/passcode-work.ts';
import type { PolicyStore } from '../policy/policy-work.ts';
import type { DeviceRows } from './device-rows.ts';

export function policyRows(
  rows: DeviceRows,
  outbox: Pick<Outbox, 'report'>,
): Omit<PolicyStore & PasscodeStore, 'generation'> {
  return {
    reportedPasscode: () => rows.value('passcode'),
    reportPasscode(reported, report) {
      rows.transaction(() => {
        // Only the newest state matters. Otherwise, the changes of an offline device would fill the outbox.
        rows.run("delete from outbox where device = ? and type = 'passcode'");
        rows.saveValue('passcode', reported);
        outbox.report(report);
      });
    },
    policy: () => rows.value('policy'),
    savePolicy: (policy) => rows.saveValue('policy', policy),
    compliance: () => rows.value('compliance'),
    saveCompliance: (notice) => rows.saveValue('compliance', notice),
    offlineShare: () => rows.value('offline-share'),
    saveOfflineShare: (share) => rows.saveValue('offline-share', share),
    lastContact: () => rows.value('last-contact'),
    saveLastContact: (at) => rows.saveValue('last-contact', at),
    reportOfflineLock(report) {
      rows.transaction(() => {
        rows.saveValue('offline-share', null);
        outbox.report(report);
      });
      // The deleted share may still be in the database's write-ahead log, so the log is emptied.
      rows.sql.emptyLog(true);
    },
    reportChange: (report) => outbox.report(report),
    reportedResults: () => rows.value('policy-results'),
    reportResults(results, report) {
      rows.transaction(() => {
        // Only the newest results matter, so they replace earlier ones. Otherwise, results that change often would fill the outbox of an
        // offline device.
        rows.run("delete from outbox where device = ? and type = 'policy'");
        rows.saveValue('policy-results', results);
        outbox.report(report);
      });
    },
  };
}
