/** Routes for a restored server: admins readmit devices and close the restoration. */
import { z } from 'zod';
import { readmission, restorationView, serialText } from '../../shared/api/restoration.ts';
import { DONE, done } from '../../shared/api/wire.ts';
import type { Restoration } from '../recovery/restoration.ts';
import { type Route, route } from './route.ts';

export type RestorationPort = Pick<Restoration, 'status' | 'ledgerSuspended' | 'readmit' | 'close'>;

export function restorationRoutes(restoration: RestorationPort): Route[] {
  return [
    route({
      name: 'restoration.show',
      method: 'get',
      path: '/restoration',
      summary: 'The restore that the server was started from, and devices that it does not know since',
      response: restorationView,
      async handler() {
        const { state, lost } = await restoration.status();
        if (!state || state.closedAt !== null) return { restoration: null, devices: [] };
        const { at, restoredAt, ledger, rejoined, revocations, missing, missingApprovers, recalled } = state;
        const ledgerSuspended = restoration.ledgerSuspended();
        return {
          restoration: {
            ...{ recoveryPoint: at, restoredAt, ledger, ledgerSuspended, rejoined, revocations },
            ...{ missing, missingApprovers, recalled },
          },
          devices: lost,
        };
      },
    }),
    route({
      name: 'restoration.readmit',
      method: 'post',
      path: '/restoration/devices/:serial/readmit',
      summary: 'Accept a device again that enrolled after the backup',
      params: z.object({ serial: serialText }),
      body: readmission,
      response: done,
      async handler({ params, body }) {
        await restoration.readmit(params.serial, { person: body.person ?? null, group: body.group ?? null });
        return DONE;
      },
    }),
    route({
      name: 'restoration.close',
      method: 'post',
      path: '/restoration/close',
      summary: 'End the restoration: devices are no longer asked, and none is readmitted',
      response: done,
      async handler() {
        await restoration.close();
        return DONE;
      },
    }),
  ];
}
