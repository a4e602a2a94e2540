import {
  complianceCounts,
  complianceHistory,
  compliancePage,
  deviceComplianceView,
} from '../../../shared/api/compliance.ts';
import type { ComplianceSearch } from '../app/searches.ts';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

/** The page shows devices with a failed check by default. The server lists all devices by default. */
const stateParameter = (state: ComplianceSearch['state']) => (state === 'all' ? undefined : (state ?? 'failing'));

export const countsQuery = (policy?: string) =>
  topicQuery(['policies'], withQuery('/compliance/counts', { policy }), complianceCounts);
export const listQuery = ({ state, setting, policy }: ComplianceSearch, cursor: string | null) =>
  topicQuery(
    ['policies'],
    withQuery('/compliance', { state: stateParameter(state), setting, policy, cursor }),
    compliancePage,
  );
export const deviceComplianceQuery = (id: string) =>
  topicQuery(['policies', 'devices'], `/devices/${encodeURIComponent(id)}/compliance`, deviceComplianceView);
export const historyQuery = (id: string) =>
  topicQuery(['policies'], `/devices/${encodeURIComponent(id)}/compliance-history`, complianceHistory);
