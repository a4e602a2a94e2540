/** Update channels of the agent: the package that each channel has, and the number of devices on it. */
import { z } from 'zod';
import { sha256Hex } from '../order/documents.ts';
import { ownPackageSchema } from '../software/own-package.ts';
import { updateChannelSchema } from '../software/update-channel.ts';
import { instant } from './wire.ts';

export const updateChannelPublication = ownPackageSchema
  .pick({ sha256: true, version: true, architecture: true })
  .extend({
    revision: z.int().min(1),
    /** True for the newest package of its architecture, which devices install. */
    current: z.boolean(),
    publishedAt: instant,
    publishedBy: z.string(),
  });
export type UpdateChannelPublication = z.infer<typeof updateChannelPublication>;
export const updateChannelView = z.object({
  channel: updateChannelSchema,
  /** Newest publication first. */
  publications: z.array(updateChannelPublication),
  /** Number of active devices whose policy names the channel. */
  devices: z.int(),
  /** Number of these devices that reported the version of the channel, and of those that reported another version. */
  met: z.int(),
  notMet: z.int(),
});
export type UpdateChannelView = z.infer<typeof updateChannelView>;
/** All channels. `people`: names of the accounts that published, by account id. */
export const updateChannelList = z.object({
  channels: z.array(updateChannelView),
  people: z.record(z.string(), z.string()),
});
export const updateChannelParams = z.object({ channel: updateChannelSchema });
export const updateChannelPublicationRequest = z.strictObject({ sha256: sha256Hex });
