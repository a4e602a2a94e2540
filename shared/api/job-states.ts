/** States of a job, apart from its schemas, so that the first load of the console contains only the names. */
export const JOB_STATES = ['running', 'paused', 'stopped', 'finished', 'aborted', 'expired'] as const;
export type JobStateName = (typeof JOB_STATES)[number];
