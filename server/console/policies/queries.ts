import { policyList, policyVersionList, policyView } from '../../../shared/api/policies.ts';
import { topicQuery } from '../client/queries.ts';

export const policiesQuery = topicQuery(['policies'], '/policies', policyList);
export const policyQuery = (id: string) => topicQuery(['policies'], `/policies/${encodeURIComponent(id)}`, policyView);
export const versionsQuery = (id: string) =>
  topicQuery(['policies'], `/policies/${encodeURIComponent(id)}/versions`, policyVersionList);
