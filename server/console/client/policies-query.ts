/**
 * Query of the territory policies. Its schema contains every territorial claim, so it has its own file, which the first page does not load.
 */
import { territoryPolicyList } from '../../../shared/api/territory-policies.ts';
import { topicQuery } from './queries.ts';

export const policiesQuery = topicQuery([], '/territory-policies', territoryPolicyList);
