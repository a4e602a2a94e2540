/**
 * Routes for time corrections: signed statements that the server's time was wrong. Approvers sign them on their own machines, because the
 * server has no private key of an approver.
 */
import { newTimeCorrection, timeCorrectionList, timeCorrectionView } from '../../shared/api/time-corrections.ts';
import type { TimeCorrections } from '../clock/time-corrections.ts';
import { Reply, type Route, route } from './route.ts';

export interface TimeCorrectionPorts {
  readonly timeCorrections: Pick<TimeCorrections, 'list' | 'publish'>;
}

export function timeCorrectionRoutes({ timeCorrections }: TimeCorrectionPorts): Route[] {
  return [
    route({
      name: 'time-corrections.list',
      method: 'get',
      path: '/time-corrections',
      summary: 'List published time corrections, newest first',
      response: timeCorrectionList,
      handler: async () => ({ corrections: await timeCorrections.list() }),
    }),
    route({
      name: 'time-corrections.publish',
      method: 'post',
      path: '/time-corrections',
      summary: 'Publish a signed time correction',
      body: newTimeCorrection,
      response: timeCorrectionView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await timeCorrections.publish(body.envelope, caller.account.id), { status: 201 }),
    }),
  ];
}
