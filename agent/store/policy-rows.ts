import type { Outbox } from '../link/outbox.ts';
import type { PolicyStore } from '../policy/policy-work.ts';
import type { DeviceRows } from './device-rows.ts';

export function policyRows(rows: DeviceRows, outbox: Pick<Outbox, 'report'>): Omit<PolicyStore, 'generation'> {
  return {
    policy: () => rows.value('policy'),
    savePolicy: (policy) => rows.saveValue('policy', policy),
    compliance: () => rows.value('compliance'),
    saveCompliance: (notice) => rows.saveValue('compliance', notice),
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
