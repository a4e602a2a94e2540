/**
 * Offline limit of the workspace. The device locks the workspace after some hours without contact with the server. It uses a share that the
 * server sent in advance, and deletes the share with the lock, so that only the server can unlock the workspace. The limit does not stop a
 * user who copied the share or the files while the workspace was open (SECURITY.md).
 */
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { type CheckOutcome, met, unknown } from './checks.ts';

export interface OfflineStore {
  offlineShare(): string | null;
  saveOfflineShare(share: string | null): void;
  lastContact(): Instant | null;
  saveLastContact(at: Instant): void;
  /** Deletes the share and stores the report about the lock, both in one transaction. */
  reportOfflineLock(report: ReportItem): void;
}

const HOUR = 3_600_000;
/** Milliseconds between two stored times of contact. */
const SAVED_EVERY = 60_000;

export function createOfflineLimit(ports: {
  readonly store: OfflineStore;
  readonly workspace: Pick<Workspace, 'state' | 'lock'>;
  /** Device clock, which a user cannot set back. */
  readonly now: () => Instant;
  /** True while the server responds to this device, even if it refuses the device because of an order. */
  readonly isInContact: () => boolean;
}) {
  const { store, workspace, now, isInContact } = ports;
  const isUsable = (): boolean => workspace.state() === 'open' || workspace.state() === 'passcode';
  return {
    /** Keeps a share of the server for the next lock. A locked workspace keeps no share, because the share could unlock it. */
    keep(share: string | undefined): void {
      if (share !== undefined && isUsable()) store.saveOfflineShare(share);
    },
    /** Locks the workspace if the limit in hours is over. Returns true if it locked the workspace. `null`: no policy has a limit. */
    async work(limit: number | null): Promise<boolean> {
      const at = now();
      const last = store.lastContact();
      if (last === null || isInContact()) {
        if (last === null || Math.abs(at - last) >= SAVED_EVERY) store.saveLastContact(at);
        return false;
      }
      const share = store.offlineShare();
      if (limit === null || share === null || !isUsable() || at - last < limit * HOUR) return false;
      await workspace.lock(Buffer.from(share, 'base64'));
      store.reportOfflineLock({ type: 'offline-lock', at });
      return true;
    },
    async check(limit: number): Promise<CheckOutcome> {
      if (!isUsable()) return met(`The workspace is ${workspace.state()}.`);
      return store.offlineShare() === null
        ? unknown('The server has not sent its key share yet.')
        : met(`The workspace locks after ${limit} hours without contact.`);
    },
  };
}
