/** Territory policies. Their schema contains every claim, so it is not part of the page's first load. */
import { territoryPolicyList } from '../../../shared/api/territory-policies.ts';
import { topicQuery } from './queries.ts';

export const policiesQuery = topicQuery([], '/territory-policies', territoryPolicyList);
