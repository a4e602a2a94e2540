/**
 * Changed facts about devices. Each module that depends on these facts follows here, and takes up a change in the order of following. A new
 * location counts at once: until the wake arrives, an old verdict would still let the device use a suspended service.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from './bus.ts';

export interface DeviceFollower {
  /** The home, seat, group, statement or generation of the device changed. */
  deviceChanged(device: DeviceId): Promise<unknown>;
  /** The locations of these devices changed. */
  devicesMoved?(devices: readonly DeviceId[]): void;
}

export interface DeviceChanges {
  follow(follower: DeviceFollower): void;
  /** Resolves when every follower has taken up the change. */
  deviceChanged(device: DeviceId): Promise<void>;
  /** Tells the followers, and then wakes the devices. */
  devicesMoved(devices: readonly DeviceId[]): void;
}

export function createDeviceChanges(bus: Pick<Bus, 'publish'>): DeviceChanges {
  const followers: DeviceFollower[] = [];
  return {
    follow: (follower) => void followers.push(follower),
    deviceChanged: async (device) => {
      for (const follower of followers) await follower.deviceChanged(device);
    },
    devicesMoved: (devices) => {
      for (const follower of followers) follower.devicesMoved?.(devices);
      bus.publish({ kind: 'verdicts', devices });
    },
  };
}
