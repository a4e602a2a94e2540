import type { Outbox } from '../link/outbox.ts';
import type { PolicyStore } from '../policy/policy-work.ts';
import type { DeviceRows } from './device-rows.ts';

export function policyRows(rows: DeviceRows, outbox: Pick<Outbox, 'report'>): Omit<PolicyStore, 'generation'> {
  return {
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
      // The log of the database still contains the page with the share.
      rows.sql.emptyLog(true);
    },
    reportRepair: (report) => outbox.report(report),
    reportedResults: () => rows.value('policy-results'),
    reportResults(results, report) {
      rows.transaction(() => {
        // Only the newest results matter. Without this, an offline device whose results alternate would fill its outbox.
        rows.run("delete from outbox where device = ? and type = 'policy'");
        rows.saveValue('policy-results', results);
        outbox.report(report);
      });
    },
  };
}
