/**
 * Changes of devices for the modules that depend on them. A change calls the subscribers in the sequence of their subscription. A new
 * location is passed on at once, because an outdated verdict would let the device use a suspended service.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Bus } from './bus.ts';

export interface DeviceFollower {
  deviceChanged(device: DeviceId): Promise<unknown>;
  devicesMoved?(devices: readonly DeviceId[]): void;
}

export interface DeviceChanges {
  follow(follower: DeviceFollower): void;
  deviceChanged(device: DeviceId): Promise<void>;
  /** Calls the subscribers for devices with new locations, and then notifies the sessions of these devices. */
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
