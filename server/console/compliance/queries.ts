import {
  complianceCounts,
  complianceHistory,
  compliancePage,
  deviceComplianceView,
} from '../../../shared/api/compliance.ts';
import type { ComplianceState } from '../../../shared/policy/compliance-states.ts';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

export const countsQuery = topicQuery(['policies'], '/compliance/counts', complianceCounts);
export const listQuery = (state: ComplianceState | undefined, cursor: string | null) =>
  topicQuery(['policies'], withQuery('/compliance', { state, cursor }), compliancePage);
export const deviceComplianceQuery = (id: string) =>
  topicQuery(['policies', 'devices'], `/devices/${encodeURIComponent(id)}/compliance`, deviceComplianceView);
export const historyQuery = (id: string) =>
  topicQuery(['policies'], `/devices/${encodeURIComponent(id)}/compliance-history`, complianceHistory);
