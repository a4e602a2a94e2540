/**
 * Changed facts about devices. Each module that depends on these facts subscribes here. A change calls the subscribers in the order of
 * their subscription. A new location is passed on at once, because an outdated verdict would let the device use a suspended service until
 * the wake arrives.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from './bus.ts';

export interface DeviceFollower {
  /** The home area, legal seat, group, location statement or enrollment of the device changed. */
  deviceChanged(device: DeviceId): Promise<unknown>;
  /** The locations of these devices changed. */
  devicesMoved?(devices: readonly DeviceId[]): void;
}

export interface DeviceChanges {
  follow(follower: DeviceFollower): void;
  /** Resolves when every subscriber has processed the change. */
  deviceChanged(device: DeviceId): Promise<void>;
  /** Tells the subscribers that the locations of these devices changed, and then sends wakes for the devices. */
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
