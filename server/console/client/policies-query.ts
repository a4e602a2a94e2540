/** Query of the territory policies, in its own file. Its schema contains every territorial claim, so the first page does not load it. */
import { territoryPolicyList } from '../../../shared/api/territory-policies.ts';
import { topicQuery } from './queries.ts';

export const policiesQuery = topicQuery([], '/territory-policies', territoryPolicyList);
