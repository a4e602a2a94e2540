import { Badge } from '@mantine/core';
import type { JobStateName } from '../../../shared/api/job-states.ts';
import { JOB_STATE_COLORS, JOB_STATE_NAMES } from './job-words.ts';

export const JobState = ({ state }: { readonly state: JobStateName }) => (
  <Badge variant="light" color={JOB_STATE_COLORS[state]}>
    {JOB_STATE_NAMES[state]}
  </Badge>
);
