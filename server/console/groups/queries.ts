import type { z } from 'zod';
import { groupDetail, type groupView } from '../../../shared/api/groups.ts';
import { topicQuery } from '../client/queries.ts';

export type GroupView = z.output<typeof groupView>;
export type GroupDetail = z.output<typeof groupDetail>;

export const groupQuery = (id: string) =>
  topicQuery(['devices', 'accounts'], `/groups/${encodeURIComponent(id)}`, groupDetail);
