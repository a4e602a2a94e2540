/** Meaning of a witness's response to the submitted newest checkpoint (C2SP tlog-witness). Pure. */

/** Response of a witness. `size`: with status 409, the size of its cosigned tree; null if the response has another form. */
export interface WitnessResponse {
  readonly status: number;
  readonly body: string;
  readonly size: number | null;
}

/** Response to the request for the newest cosigned checkpoint. `body`: the checkpoint, if the status is 200. */
export type CheckpointResponse = Omit<WitnessResponse, 'size'>;

/**
 * Next step of the server.
 * - `check-cosignature`: the witness accepted the checkpoint.
 * - `submit-again`: the witness has cosigned a smaller tree of this size. The server submits the proof from there.
 * - `ahead`: the witness has cosigned more entries than the store has, so the store is an older copy.
 * - `forked`: the witness has cosigned a tree that the ledger does not begin with.
 * - `unknown-ledger`: according to this response, the witness has cosigned nothing of this ledger. A proxy can give the same response, so the
 *   server must confirm this.
 * - `failed`: the response says nothing about the ledger.
 */
export type ResponseVerdict =
  | { readonly step: 'check-cosignature' }
  | { readonly step: 'submit-again'; readonly oldSize: number }
  | { readonly step: 'ahead'; readonly size: number }
  | { readonly step: 'forked'; readonly size: number }
  | { readonly step: 'unknown-ledger'; readonly reason: string }
  | { readonly step: 'failed'; readonly reason: string };

export function judgeWitnessResponse(
  { status, size, body }: WitnessResponse,
  submitted: { readonly oldSize: number; readonly size: number },
): ResponseVerdict {
  const { oldSize } = submitted;
  const reason = `it answered with HTTP status ${status}: ${body.trim().slice(0, 200)}`;
  switch (status) {
    case 200:
      return { step: 'check-cosignature' };
    // A witness that trusts no key of this ledger has cosigned nothing of it.
    case 403:
    case 404:
      return { step: 'unknown-ledger', reason };
    case 409:
      // A response to a wrong old size names the witness's size. Without another size, the roots differ: C2SP tlog-witness 1.0.0 demands 409
      // for this, and no size in the body. Later texts demand 422.
      if (oldSize > 0 && oldSize === submitted.size && (size ?? oldSize) === oldSize)
        return { step: 'forked', size: oldSize };
      if (size === null || size === oldSize) return { step: 'failed', reason };
      return size > submitted.size ? { step: 'ahead', size } : { step: 'submit-again', oldSize: size };
    case 422:
      // The server's own proof is correct, so the witness has cosigned another tree of the old size.
      return oldSize === 0 ? { step: 'failed', reason } : { step: 'forked', size: oldSize };
    default:
      return { step: 'failed', reason };
  }
}
