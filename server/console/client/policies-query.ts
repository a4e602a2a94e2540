/**
 * Query of the territory policies. It has its own file, because its schema contains every territorial claim and the first page should not
 * load it.
 */
import { territoryPolicyList } from '../../../shared/api/territory-policies.ts';
import { topicQuery } from './queries.ts';

export const policiesQuery = topicQuery([], '/territory-policies', territoryPolicyList);
