/**
 * Enrollment of devices. An admin creates an activation code. The device redeems the code with a certificate signing request, and later
 * renews its certificate.
 *
 * Codes and certificates use real time, because other programs check certificates by real time too. Devices and ledger entries use the
 * server clock, which a demo can simulate.
 */
import type { Authority } from '../../certs/authority.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import { createActivationCodes } from './activation-codes.ts';
import { createEnrollmentLimits } from './enrollment-limits.ts';
import { asRow, particulars } from './issuance.ts';
import type { CodeStore, EnrollmentStore, Surroundings } from './ports.ts';
import { createRedemption } from './redemption.ts';
import { createRenewal } from './renewal.ts';

export interface EnrollmentPorts {
  readonly codes: CodeStore;
  readonly store: EnrollmentStore;
  readonly authority: Pick<Authority, 'issue' | 'fingerprint' | 'own'>;
  readonly surroundings: Surroundings;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly addresses: () => { readonly publicUrl: string; readonly deviceUrl: string };
  /** Contact to name for an appeal when an order that blocks an enrollment has no public contact. */
  readonly appeal: string;
  /** Real time for codes and certificates. Default: the machine's clock. */
  readonly now?: () => number;
}

export type Enrollment = ReturnType<typeof createEnrollment>;

export function createEnrollment(ports: EnrollmentPorts) {
  const { codes, store, authority, surroundings, clock, bus, addresses, appeal, now = () => Date.now() } = ports;
  const limits = createEnrollmentLimits();

  /** Stores the certificates of the CA itself, at each start of the server. */
  async function recordOwn(): Promise<void> {
    for (const issued of authority.own()) {
      const kind = issued.profile === 'server' ? 'certificate.issued' : 'ca.created';
      await store.recordOwn(asRow(issued, now()), {
        kind,
        at: clock.now(),
        subject: null,
        public: particulars(issued),
      });
    }
  }

  return {
    ...createActivationCodes({ store: codes, fingerprint: authority.fingerprint, addresses, bus, now }),
    ...createRedemption({ codes, store, authority, surroundings, limits, clock, now, bus, appeal }),
    ...createRenewal({ store, authority, limits, clock, now }),
    recordOwn,
  };
}
