/**
 * Certificate of the admin listener while the server runs. After a renewal, the server reads the new files by itself. If the new files are
 * unusable, the listener keeps the earlier certificate, and a health issue gives the reason.
 */
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { CordonError } from '../shared/errors.ts';
import { Loop } from '../shared/loops/loop.ts';
import { type AdminIdentity, readAdminIdentity } from './admin-identity.ts';

/** Milliseconds between two reads of the files. */
const READ_EVERY = 10_000;

export interface AdminCertificate {
  /** Certificate that the listener uses. */
  current(): AdminIdentity;
  /** Reason why the newest files cannot be used; null if the listener uses them. */
  failure(): string | null;
  start(listener: Pick<Server, 'setSecureContext'>): void;
  stop(): Promise<void>;
}

export function createAdminCertificate(ports: {
  readonly files: { readonly certificate: string; readonly key: string };
  readonly first: AdminIdentity;
  readonly now: () => number;
  readonly log: {
    info(facts: object, message: string): void;
    error(facts: object, message: string): void;
  };
}): AdminCertificate {
  const { files, now, log } = ports;
  let current = ports.first;
  let failure: string | null = null;

  function reload(listener: Pick<Server, 'setSecureContext'>): void {
    const read = readAdminIdentity(files);
    if (read.cert.equals(current.cert) && read.key.equals(current.key)) return;
    requireValid(read, files.certificate, now());
    const { cert, key } = read;
    // Throws for a chain that OpenSSL cannot read, before the listener changes.
    createSecureContext({ cert, key });
    listener.setSecureContext({ cert, key });
    current = read;
    log.info({ notAfter: read.notAfter }, 'the admin listener uses a new certificate');
  }

  let watch: Loop | null = null;
  return {
    current: () => current,
    failure: () => failure,
    start(listener) {
      watch = new Loop({
        run: async () => {
          reload(listener);
          failure = null;
        },
        failed: (error) => {
          const reason = error instanceof Error ? error.message : String(error);
          if (reason !== failure)
            log.error({ err: error }, 'the new admin certificate cannot be used; the old one stays');
          failure = reason;
        },
        every: READ_EVERY,
      });
      watch.request();
    },
    stop: async () => {
      await watch?.stop();
    },
  };
}

function requireValid({ notBefore, notAfter }: AdminIdentity, path: string, now: number): void {
  if (notBefore <= now && now < notAfter) return;
  const fact =
    now < notBefore
      ? `is not valid before ${new Date(notBefore).toISOString()}`
      : `expired at ${new Date(notAfter).toISOString()}`;
  throw new CordonError('invalid_input', `CORDON_ADMIN_CERTIFICATE: the certificate in ${path} ${fact}. Renew it.`);
}
