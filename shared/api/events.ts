/**
 * Server-sent events (`event: changed`). An event names only the topic that changed. The client then requests the data with its own rights.
 */
import { z } from 'zod';

export const TOPICS = ['devices', 'commands', 'orders', 'receipts', 'alerts', 'accounts', 'ledger', 'clock'] as const;
export type Topic = (typeof TOPICS)[number];

export const changedEvent = z.object({ topics: z.array(z.enum(TOPICS)) });
