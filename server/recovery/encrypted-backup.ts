import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import type { AgeRecipient } from '../../shared/age/seal-to.ts';
import { sealStream } from '../../shared/age/stream.ts';
import { type BackupContent, writeBackup } from './create-backup.ts';

/** Writes the backup for the recipient and syncs the file to disk. */
export async function writeEncryptedBackup(path: string, recipient: AgeRecipient, content: BackupContent) {
  const plain = new PassThrough({ highWaterMark: 1024 * 1024 });
  const sealed = await sealStream(plain, { recipient });
  const hash = createHash('sha256');
  let bytes = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    const drained = (async () => {
      for await (const chunk of sealed) {
        hash.update(chunk);
        bytes += chunk.length;
        await file.writeFile(chunk);
      }
    })();
    // Connects the two streams: if writing fails, reading stops, and the reverse.
    drained.catch((error: Error) => plain.destroy(error));
    const written = writeBackup(content, (piece) => push(plain, piece)).then((manifest) => {
      plain.end();
      return manifest;
    });
    written.catch((error: Error) => plain.destroy(error));
    const [manifest] = await Promise.all([written, drained]);
    await file.sync();
    return { manifest, bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

function push(stream: PassThrough, piece: Buffer): Promise<void> {
  if (stream.write(piece)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => () => {
      stream.off('drain', drained);
      stream.off('close', closed);
      then();
    };
    const drained = settle(resolve);
    const closed = settle(() => reject(stream.errored ?? new Error('the backup was interrupted')));
    stream.once('drain', drained);
    stream.once('close', closed);
  });
}
