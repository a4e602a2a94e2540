/** Updates of the operating system that wait for the user. Pure decisions, and the file that keeps the user's choice. */
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { syncFolder, writeSynced } from '../../shared/durable-file.ts';
import { type CommandId, commandIdSchema } from '../../shared/protocol/ids.ts';
import { type OsUpdate, UPDATE_SCOPES } from '../../shared/software/software-change.ts';

const HOUR = 3_600_000;
/** Time before the expiry of the command. The update starts at this time at the latest. */
const BEFORE_EXPIRY = 600_000;

const offerSchema = z.strictObject({
  command: commandIdSchema,
  scope: z.enum(UPDATE_SCOPES),
  /** Planned start of the update, by the machine's clock, in Unix milliseconds. */
  startsAt: z.int(),
  /** Latest possible start of the update. */
  deadline: z.int(),
  hours: z.int(),
  delaysLeft: z.int().min(0),
});
export type UpdateOffer = z.infer<typeof offerSchema>;

/** Creates the offer to the user for a new command. */
export function offerOf(
  command: CommandId,
  { scope, deferral }: Pick<OsUpdate, 'scope' | 'deferral'>,
  expires: number,
  now: number,
): UpdateOffer {
  const { hours, times } = deferral ?? { hours: 0, times: 0 };
  const deadline = Math.max(now, Math.min(now + (times + 1) * hours * HOUR, expires - BEFORE_EXPIRY));
  return { command, scope, startsAt: Math.min(now + hours * HOUR, deadline), deadline, hours, delaysLeft: times };
}

/** Computes the offer after the user delayed it. Null if no delay is left, or if the deadline allows no further delay. */
export function delayed(offer: UpdateOffer, now: number): UpdateOffer | null {
  const startsAt = Math.min(Math.max(offer.startsAt, now) + offer.hours * HOUR, offer.deadline);
  if (offer.delaysLeft === 0 || startsAt <= offer.startsAt) return null;
  return { ...offer, startsAt, delaysLeft: offer.delaysLeft - 1 };
}

export interface UpdateOffers {
  /** The update that waits for the user; null if none waits. */
  current(): UpdateOffer | null;
  /** True if the update of the command may start. For a new command, creates the offer to the user. */
  isDue(command: CommandId, update: OsUpdate, expires: number, now: number): boolean;
  startNow(now: number): UpdateOffer | null;
  delay(now: number): UpdateOffer | null;
  /** Forgets the offer of a command that has finished. */
  finished(command: CommandId): void;
}

/** Opens the offers that are stored in `file`. `announce`: displays a new offer to the user. */
export function openUpdateOffers(file: string, announce: (offer: UpdateOffer) => void): UpdateOffers {
  const current = (): UpdateOffer | null =>
    existsSync(file) ? offerSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : null;
  const store = (offer: UpdateOffer): UpdateOffer => {
    writeSynced(`${file}.new`, JSON.stringify(offer), 'w');
    renameSync(`${file}.new`, file);
    syncFolder(dirname(file));
    return offer;
  };
  return {
    current,
    isDue(command, update, expires, now) {
      if (update.deferral === null) return true;
      let offer = current();
      if (offer?.command !== command) {
        // Only one update at a time waits for the user. The next update is offered after that.
        if (offer) return false;
        offer = store(offerOf(command, update, expires, now));
        if (offer.startsAt > now) announce(offer);
      }
      return now >= offer.startsAt;
    },
    startNow(now) {
      const offer = current();
      return offer && store({ ...offer, startsAt: Math.min(offer.startsAt, now) });
    },
    delay(now) {
      const offer = current();
      const next = offer && delayed(offer, now);
      return next && store(next);
    },
    finished(command) {
      if (current()?.command === command) rmSync(file, { force: true });
    },
  };
}
