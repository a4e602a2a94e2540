/** Channels from which devices update their agent. A channel has one package of the agent for each architecture. */
import { z } from 'zod';
import { type Envelope, envelopeSchema } from '../order/documents.ts';
import { type OwnPackage, ownPackageSchema } from './own-package.ts';

export const UPDATE_CHANNELS = ['stable', 'early'] as const;
export const updateChannelSchema = z.enum(UPDATE_CHANNELS);
export type UpdateChannel = z.output<typeof updateChannelSchema>;

/** Name of the package that contains the agent (`agent/package/build.ts`). */
export const AGENT_PACKAGE = 'cordon-agent';

/** Maximum number of architectures of a channel. With the limit below, a value fits into `LARGEST_VALUE` even with passkey signatures. */
export const MOST_ARCHITECTURES = 3;
/** Maximum number of earlier packages that a device gets with the channel. */
export const MOST_FORMER = 4;

/** Value of the setting `agent.update-channel` as a device gets it: the channel with its signed packages. */
export const channelTargetSchema = z.strictObject({
  channel: updateChannelSchema,
  /** Number of publications on the channel. A device tries a version that failed again after the next publication. */
  revision: z.int().min(0),
  /** Current packages, one for each architecture. */
  packages: z.array(envelopeSchema).max(MOST_ARCHITECTURES),
  /** Packages that the channel had before, newest first. A device goes back to an earlier version only from one of these. */
  former: z.array(envelopeSchema).max(MOST_FORMER),
});
export type ChannelTarget = z.output<typeof channelTargetSchema>;

/** Statement of an envelope whose signature is not verified. Null if it is not the statement of a package. */
export function unverifiedStatement({ payload }: Envelope): OwnPackage | null {
  try {
    return ownPackageSchema.parse(JSON.parse(atob(payload)));
  } catch {
    // The payload may come from an attacker, so a caller must expect any bytes.
    return null;
  }
}

/** Versions of the current packages, for people. Empty if the channel has no package. */
export const versionsIn = ({ packages }: Pick<ChannelTarget, 'packages'>): string[] => [
  ...new Set(packages.flatMap((envelope) => unverifiedStatement(envelope)?.version ?? [])),
];

/** True if a package of this architecture fits a device with the architecture `device`. */
export const fits = ({ architecture }: OwnPackage, device: string): boolean =>
  architecture === device || architecture === 'all';
