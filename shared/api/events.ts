/**
 * What the event stream tells (server-sent events, `event: changed`): that something of a topic has changed, and nothing about what. Whoever
 * listens asks again, with their own rights.
 */
import { z } from 'zod';

export const TOPICS = ['devices', 'commands', 'orders', 'receipts', 'alarms', 'accounts', 'ledger', 'clock'] as const;
export type Topic = (typeof TOPICS)[number];

export const changedEvent = z.object({ topics: z.array(z.enum(TOPICS)) });
