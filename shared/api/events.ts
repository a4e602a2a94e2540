/** Server-sent events (`event: changed`). An event contains only the topic that changed, so the client must request the data itself. */
import { z } from 'zod';

export const TOPICS = [
  ...(['devices', 'commands', 'orders', 'receipts', 'alerts', 'accounts', 'ledger', 'mail', 'clock'] as const),
  ...(['disclosures', 'policies', 'scripts'] as const),
] as const;
export type Topic = (typeof TOPICS)[number];

export const changedEvent = z.object({ topics: z.array(z.enum(TOPICS)) });
