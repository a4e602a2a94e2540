/** The body of a refused upgrade: problem+json (RFC 9457), for a 451 with the newer list and the address that was observed. */
import { z } from 'zod';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';

/** Where the server sees the device come from. */
export const addressSchema = z.object({
  time: z.int().min(0),
  /** The server doubts its own clock. */
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
  /** Those that it is refused by, the first of them first. */
  readonly orders: readonly string[];
  readonly list: Envelope | null;
  /** The revisions behind the list's stubs. */
  readonly withheld: readonly Envelope[];
  readonly address: z.infer<typeof addressSchema> | null;
  /** The server was restored from a backup and asks for what this device has stored. */
  readonly recall: 'documents' | 'facts' | null;
}

/** What is not a problem says nothing: the status is all there is then. */
export function readRefusal(body: string): Refusal {
  let json: unknown = null;
  try {
    json = JSON.parse(body);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const said = refusalSchema.safeParse(json).data ?? {};
  const { code = null, detail = null, context, list = null, withheld = [], address = null, recall = null } = said;
  return { code, detail, orders: context?.orders ?? [], list, withheld, address, recall };
}
