/** The policies on disputed ground. Their schema brings every claim, so it is not part of the first load. */
import { disputedPolicyList } from '../../../shared/api/disputed-policies.ts';
import { question } from './queries.ts';

export const policiesQuery = question([], '/disputed-policies', disputedPolicyList);
