/**
 * Uploads of files, which the server stores in parts while they arrive. The memory of an upload is one part. A complete upload becomes a file
 * in the transaction of its owner (`server/packages`, `server/files`). The parts of an interrupted upload are deleted at the next start.
 */
import { createHash, randomUUID } from 'node:crypto';
import { CordonError } from '../shared/errors.ts';
import { createTransferSlots } from './transfer-slots.ts';

/** Bytes of one part of a stored file. The last part of a file may be shorter. */
export const PART = 256 * 1024;

export interface UploadStore {
  append(upload: string, position: number, body: Buffer): Promise<void>;
  part(upload: string, position: number): Promise<Buffer | null>;
  discard(upload: string): Promise<void>;
  /** Deletes the parts of all uploads. For the start, when no upload runs. */
  discardAll(): Promise<void>;
}

/** Complete upload. Its parts have the numbers from 0 to `parts` - 1. */
export interface Upload {
  readonly id: string;
  readonly sha256: string;
  readonly size: number;
  readonly parts: number;
  /** Reads up to `length` bytes, fewer at the end of the file. */
  read(from: number, length: number): Promise<Buffer>;
}

export interface UploadLimits {
  /** Maximum bytes of the file. */
  readonly most: number;
  /** Noun for the error text, such as "A file". */
  readonly what: string;
}

export type Uploads = ReturnType<typeof createUploads>;

/** Milliseconds between two pieces of an upload after which the server ends the upload. */
const SILENT = 30_000;

export function createUploads(store: UploadStore, { silent = SILENT }: { readonly silent?: number } = {}) {
  const slots = createTransferSlots({ all: 8, ofOne: 2 });

  async function stored(id: string, content: AsyncIterable<Uint8Array>, { most, what }: UploadLimits): Promise<Upload> {
    const hash = createHash('sha256');
    let size = 0;
    let parts = 0;
    let waiting: Buffer[] = [];
    let bytes = 0;
    const flush = async () => {
      await store.append(id, parts, Buffer.concat(waiting, bytes));
      parts += 1;
      waiting = [];
      bytes = 0;
    };
    for await (const chunk of withoutSilence(content, silent)) {
      size += chunk.length;
      if (size > most) throw new CordonError('too_large', `${what} may have at most ${most} bytes.`);
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) {
        const piece = chunk.subarray(at, at + PART - bytes);
        // A copy, so that the source may reuse its memory.
        waiting.push(Buffer.from(piece));
        bytes += piece.length;
        at += piece.length;
        if (bytes === PART) await flush();
      }
    }
    if (bytes > 0) await flush();
    return { id, sha256: hash.digest('hex'), size, parts, read: (from, length) => read(id, from, length) };
  }

  async function read(id: string, from: number, length: number): Promise<Buffer> {
    const found: Buffer[] = [];
    for (let at = from; at < from + length; ) {
      const part = await store.part(id, Math.floor(at / PART));
      const piece = part?.subarray(at % PART, (at % PART) + from + length - at) ?? Buffer.alloc(0);
      if (piece.length === 0) break;
      found.push(piece);
      at += piece.length;
    }
    return Buffer.concat(found);
  }

  return {
    discardAll: store.discardAll,

    /**
     * Stores the content, and calls `work` with the complete upload. The upload ends with `work`. Throws `too_large`, and `unavailable` for too
     * many uploads or a silent one.
     */
    async receive<T>(
      by: string,
      content: AsyncIterable<Uint8Array>,
      limits: UploadLimits,
      work: (upload: Upload) => Promise<T>,
    ): Promise<T> {
      const leave = slots.occupy(by);
      const id = randomUUID();
      try {
        return await work(await stored(id, content, limits));
      } finally {
        await store.discard(id).finally(leave);
      }
    },
  };
}

/**
 * The pieces of `content`. Throws `unavailable` if the next piece does not arrive within `silent` milliseconds. The waiting read is abandoned,
 * because a stream answers it only after its next piece: the listener ends the connection after the response.
 */
async function* withoutSilence(content: AsyncIterable<Uint8Array>, silent: number): AsyncGenerator<Uint8Array> {
  const pieces = content[Symbol.asyncIterator]();
  let isWaiting = false;
  try {
    for (;;) {
      isWaiting = true;
      const { done, value } = await within(pieces.next(), silent);
      isWaiting = false;
      if (done) return;
      yield value;
    }
  } finally {
    if (!isWaiting) await pieces.return?.();
  }
}

async function within<T>(piece: Promise<T>, silent: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const detail = `The upload was silent for ${Math.ceil(silent / 1_000)} seconds, so the server ended it. Check the connection, and upload the file again.`;
    late.reject(new CordonError('unavailable', detail, { retryAfter: 2 }));
  }, silent);
  try {
    return await Promise.race([piece, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
