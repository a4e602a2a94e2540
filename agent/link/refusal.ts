/**
 * Body of a refused WebSocket upgrade: problem+json (RFC 9457). A 451 response also contains the server's order list and the device's
 * network address as the server sees it.
 */
import { z } from 'zod';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';

export const addressSchema = z.object({
  time: z.int().min(0),
  doubtful: z.literal(true).optional(),
  areas: z.array(z.string()).max(16),
});

const refusalSchema = z.object({
  code: z.string().optional(),
  detail: z.string().optional(),
  context: z
    .object({ orders: z.array(z.string().max(32)) })
    .optional()
    .catch(undefined),
  list: envelopeSchema.optional(),
  withheld: z.array(envelopeSchema).optional(),
  address: addressSchema.optional(),
  recall: z.enum(['documents', 'facts']).optional().catch(undefined),
});

export interface Refusal {
  readonly code: string | null;
  readonly detail: string | null;
  readonly orders: readonly string[];
  readonly list: Envelope | null;
  readonly withheld: readonly Envelope[];
  readonly address: z.infer<typeof addressSchema> | null;
  readonly recall: 'documents' | 'facts' | null;
}

/**
 * Reads the body of a refused WebSocket upgrade. A body that is not problem+json, for example from a proxy, gives a result without values,
 * because the HTTP status alone shows the refusal.
 */
export function readRefusal(body: string): Refusal {
  let json: unknown = null;
  try {
    json = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const fields = refusalSchema.safeParse(json).data ?? {};
  const { code = null, detail = null, context, list = null, withheld = [], address = null, recall = null } = fields;
  return { code, detail, orders: context?.orders ?? [], list, withheld, address, recall };
}
