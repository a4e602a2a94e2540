/** Meaning of a witness's response to the submitted newest checkpoint (C2SP tlog-witness). The functions are pure. */

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
    // A witness that trusts no key of this ledger has not cosigned it.
    case 403:
    case 404:
      return { step: 'unknown-ledger', reason };
    case 409:
      // With status 409, a witness reports the size of its own tree. If it reports no other size, it disagrees about the root hash: C2SP
      // tlog-witness 1.0.0 requires 409 without a size for this case. Later versions require 422.
      if (oldSize > 0 && oldSize === submitted.size && (size ?? oldSize) === oldSize)
        return { step: 'forked', size: oldSize };
      if (size === null || size === oldSize) return { step: 'failed', reason };
      return size > submitted.size ? { step: 'ahead', size } : { step: 'submit-again', oldSize: size };
    case 422:
      // The server's own proof is correct. The witness has therefore cosigned a different tree of the old size.
      return oldSize === 0 ? { step: 'failed', reason } : { step: 'forked', size: oldSize };
    default:
      return { step: 'failed', reason };
  }
}
