import { z } from 'zod';
import {
  continuationList,
  continuationParams,
  continuationProposal,
  continuationSignature,
  continuationView,
  ledgerResumption,
  readmission,
  readmissionResults,
  recoveryView,
  serialText,
} from '../../shared/api/recovery.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Admins } from '../admins/admins.ts';
import type { Recovery } from '../recovery/recovery.ts';
import { Reply, type Route, route } from './route.ts';

export type RecoveryPort = Pick<
  Recovery,
  | 'status'
  | 'ledgerSuspended'
  | 'ledgerEvidence'
  | 'readmit'
  | 'reject'
  | 'resumeLedger'
  | 'continuations'
  | 'proposeContinuation'
  | 'signContinuation'
  | 'close'
>;

const serialParams = z.object({ serial: serialText });

export function recoveryRoutes(recovery: RecoveryPort, admins: Pick<Admins, 'approverKeySigned'>): Route[] {
  return [...readmissionRoutes(recovery), ...ledgerRecoveryRoutes(recovery, admins)];
}

function readmissionRoutes(
  recovery: Pick<RecoveryPort, 'status' | 'ledgerSuspended' | 'ledgerEvidence' | 'readmit' | 'reject' | 'close'>,
): Route[] {
  return [
    route({
      name: 'recovery.show',
      method: 'get',
      path: '/recovery',
      summary: 'Show the recovery after a restore, and the devices that wait for readmission',
      response: recoveryView,
      async handler() {
        const { state, lost } = await recovery.status();
        const ledgerSuspended = recovery.ledgerSuspended();
        if (!state || (state.closedAt !== null && ledgerSuspended === null)) {
          return { recovery: null, evidence: null, devices: [] };
        }
        const { at, restoredAt, closedAt, ledger, resumed, continued, from, to, rejoined, revocations, revoked } =
          state;
        const { withdrawn, conversations, missing, missingApprovers, recalled } = state;
        return {
          recovery: {
            recoveryPoint: at,
            restoredAt,
            closedAt,
            ledger,
            ledgerSuspended,
            resumed,
            continued,
            from,
            to,
            rejoined,
            revocations,
            revoked,
            withdrawn,
            conversations,
            missing,
            missingApprovers,
            recalled,
          },
          evidence: await recovery.ledgerEvidence(),
          devices: lost,
        };
      },
    }),
    route({
      name: 'recovery.readmit',
      method: 'post',
      path: '/recovery/readmissions',
      summary: 'Readmit devices that enrolled after the backup',
      body: readmission,
      response: readmissionResults,
      async handler({ body, concern }) {
        const results = await recovery.readmit(
          body.devices.map(({ serial, person = null, group = null }) => ({ serial, owner: { person, group } })),
        );
        concern(results.flatMap(({ device }) => device ?? []));
        return { results };
      },
    }),
    route({
      name: 'recovery.reject',
      method: 'post',
      path: '/recovery/devices/:serial/reject',
      summary: 'Revoke the certificate of a device that enrolled after the backup',
      params: serialParams,
      response: done,
      async handler({ params }) {
        await recovery.reject(params.serial);
        return DONE;
      },
    }),
    route({
      name: 'recovery.close',
      method: 'post',
      path: '/recovery/close',
      summary: 'Close the recovery',
      response: done,
      async handler() {
        await recovery.close();
        return DONE;
      },
    }),
  ];
}

function ledgerRecoveryRoutes(
  recovery: Pick<RecoveryPort, 'resumeLedger' | 'continuations' | 'proposeContinuation' | 'signContinuation'>,
  admins: Pick<Admins, 'approverKeySigned'>,
): Route[] {
  return [
    route({
      name: 'recovery.resume-ledger',
      method: 'post',
      path: '/recovery/ledger/resume',
      summary: 'Resume the public ledger from the restored tree',
      body: ledgerResumption,
      response: done,
      async handler({ body, caller }) {
        await recovery.resumeLedger(body.checkpoint ?? null, caller.account.id);
        return DONE;
      },
    }),
    route({
      name: 'recovery.continuations',
      method: 'get',
      path: '/recovery/ledger/continuations',
      summary: 'List continuations of the public ledger, newest first',
      response: continuationList,
      handler: async () => ({ continuations: await recovery.continuations() }),
    }),
    route({
      name: 'recovery.continue-ledger',
      method: 'post',
      path: '/recovery/ledger/continuations',
      summary: 'Propose to continue the public ledger without lost entries',
      body: continuationProposal,
      response: continuationView,
      statuses: [201],
      handler: async ({ body, caller }) =>
        new Reply(await recovery.proposeContinuation(body.reason, body.checkpoint ?? null, caller.account.id), {
          status: 201,
        }),
    }),
    route({
      name: 'recovery.sign-continuation',
      method: 'post',
      path: '/recovery/ledger/continuations/:digest/signatures',
      summary: 'Sign the payload of a continuation as an approver',
      params: continuationParams,
      body: continuationSignature,
      response: continuationView,
      async handler({ params, body, caller }) {
        const signed = await recovery.signContinuation(caller.account.person, params.digest, body);
        await admins.approverKeySigned(body.keyid);
        return signed;
      },
    }),
  ];
}
