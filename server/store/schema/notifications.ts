import type { Generated } from 'kysely';
import type { Flag } from './flag.ts';

export interface NotificationTables {
  /** Channels. `sealed`: settings and secrets as JSON, encrypted under the installation's passphrase. */
  notification_channels: { id: string; name: string; sealed: string; created_at: number };
  /** Rules. `condition` and `channels`: JSON. `enabled_at`: time from which events count. */
  notification_rules: {
    id: string;
    name: string;
    condition: string;
    group_id: string | null;
    channels: string;
    repeat_hours: number | null;
    enabled: Flag;
    created_at: number;
    enabled_at: number;
  };
  /** Causes of which a rule has notified, such as an offline device, so that each notification is sent once. */
  notification_causes: { rule_id: string; cause: string; notified_at: number };
  /** Queue and history of deliveries. Times are from the system clock. */
  notification_deliveries: {
    number: Generated<number>;
    /** Identifier that the receiver gets. It stays the same for each attempt and replay. */
    id: string;
    channel_id: string;
    rule_id: string | null;
    test: Flag;
    title: string;
    /** Content as JSON. */
    body: string;
    state: 'waiting' | 'delivered' | 'dead';
    attempts: number;
    created_at: number;
    next_at: number | null;
    deadline_at: number;
    delivered_at: number | null;
    failure: string | null;
  };
}
