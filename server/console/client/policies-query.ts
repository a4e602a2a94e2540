/**
 * Query of the territory policies. The schema of the response is large, because it contains every territorial claim. A separate file keeps
 * the schema out of the code that the console loads first.
 */
import { territoryPolicyList } from '../../../shared/api/territory-policies.ts';
import { topicQuery } from './queries.ts';

export const policiesQuery = topicQuery([], '/territory-policies', territoryPolicyList);
