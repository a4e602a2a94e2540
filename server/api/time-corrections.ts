/**
 * Routes for time corrections: signed statements that the server's time was wrong. Approvers sign them in the console or on their own
 * machines, because the server has no private key of an approver.
 */
import { signatureBody } from '../../shared/api/approvers.ts';
import {
  newTimeCorrection,
  newTimeCorrectionProposal,
  signedTimeCorrection,
  timeCorrectionList,
  timeCorrectionParams,
  timeCorrectionProposal,
  timeCorrectionView,
} from '../../shared/api/time-corrections.ts';
import type { Admins } from '../admins/admins.ts';
import type { TimeCorrections } from '../clock/time-corrections.ts';
import { Reply, type Route, route } from './route.ts';

export interface TimeCorrectionPorts {
  readonly timeCorrections: Pick<TimeCorrections, 'list' | 'publish' | 'pending' | 'propose' | 'sign'>;
  readonly admins: Pick<Admins, 'approverKeySigned'>;
}

export function timeCorrectionRoutes({ timeCorrections, admins }: TimeCorrectionPorts): Route[] {
  return [
    route({
      name: 'time-corrections.list',
      method: 'get',
      path: '/time-corrections',
      summary: 'List published time corrections, newest first, and the pending one',
      response: timeCorrectionList,
      handler: async () => ({
        corrections: await timeCorrections.list(),
        pending: await timeCorrections.pending(),
      }),
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
    route({
      name: 'time-corrections.propose',
      method: 'post',
      path: '/time-corrections/proposals',
      summary: 'Propose a time correction for signature by approvers. It replaces the pending one',
      body: newTimeCorrectionProposal,
      response: timeCorrectionProposal,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await timeCorrections.propose(body, caller.account.id), { status: 201 }),
    }),
    route({
      name: 'time-corrections.sign',
      method: 'post',
      path: '/time-corrections/proposals/:digest/signatures',
      summary: 'Sign the payload of the pending time correction. With enough signatures, the server publishes it',
      params: timeCorrectionParams,
      body: signatureBody,
      response: signedTimeCorrection,
      async handler({ params, body, caller: { account } }) {
        const signer = { person: account.person, account: account.id };
        const signed = await timeCorrections.sign(signer, params.digest, body);
        await admins.approverKeySigned(body.keyid);
        return signed;
      },
    }),
  ];
}
