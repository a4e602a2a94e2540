import type { MembershipStores } from '../membership/membership.ts';
import { CountersignatureStore } from './countersignature-store.ts';
import type { Database } from './database.ts';
import { MessagingKeyStore } from './messaging-key-store.ts';
import { VerifiedDeviceStore } from './verified-device-store.ts';

export const membershipStores = (database: Database): MembershipStores => ({
  keys: new MessagingKeyStore(database),
  countersignatures: new CountersignatureStore(database),
  verified: new VerifiedDeviceStore(database),
});
