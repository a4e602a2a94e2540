/** Work that keeps the mirror equal to the user's mail. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isCordonError } from '../../shared/errors.ts';
import type { Mail } from '../mail/mail.ts';
import type { Maildir } from './maildir.ts';
import { type MirroredMail, mirrorChanges } from './maildir-changes.ts';

/** Maximum number of mails in each folder of the mirror. The newest mails are mirrored. */
const MOST_MIRRORED = 10_000;
const LISTED_AT_ONCE = 200;
/** Maximum number of mails in one round. Between two rounds, other work of the agent can run. */
const DELIVERED_AT_ONCE = 20;

export interface MaildirMirror {
  /** Runs one round. Returns true if another round is needed at once. Throws `workspace_locked` and `workspace_wiped`. */
  work(): Promise<boolean>;
  /** Called after a change of the user's mail. */
  changed(): void;
  /** Called after the removal of the mirror. */
  forget(): void;
}

export function createMaildirMirror(ports: {
  readonly maildir: Maildir;
  readonly mail: Pick<Mail, 'list' | 'source' | 'mark' | 'unlock'>;
  readonly mayWrite: () => boolean;
}): MaildirMirror {
  const { maildir, mail, mayWrite } = ports;
  let agreed: ReadonlyMap<string, boolean> = new Map();
  let version = 0;
  let newest: { readonly version: number; readonly mails: readonly MirroredMail[] } | null = null;
  let delivered: Set<string> | null = null;

  async function listed(): Promise<MirroredMail[]> {
    const found: MirroredMail[] = [];
    for (const folder of ['inbox', 'sent'] as const) {
      let before: number | null = null;
      for (let count = 0; count < MOST_MIRRORED; count += LISTED_AT_ONCE) {
        const page = mail.list(folder, { before, limit: LISTED_AT_ONCE });
        found.push(...page.map(({ id, at, unread }) => ({ id, folder, at, unread })));
        before = page.at(-1)?.number ?? null;
        if (page.length < LISTED_AT_ONCE) break;
        await nextTurn();
      }
    }
    return found;
  }

  async function content(id: string): Promise<Uint8Array | null> {
    try {
      return await mail.source(id);
    } catch (error) {
      // This device cannot decrypt the mail, or the user has deleted the mail.
      if (isCordonError(error, 'not_found')) return null;
      throw error;
    }
  }

  async function currentMails(): Promise<readonly MirroredMail[]> {
    if (newest?.version !== version) {
      // If mail changes during the listing, `version` is higher afterward, and the next round lists the mails again.
      const listing = version;
      newest = { version: listing, mails: await listed() };
    }
    return newest.mails;
  }

  return {
    changed() {
      version += 1;
    },
    forget() {
      newest = null;
      delivered = null;
      agreed = new Map();
    },
    async work() {
      await mail.unlock();
      if (delivered === null) {
        await maildir.prepare();
        delivered = await maildir.delivered();
      }
      const known = delivered;
      const mails = await currentMails();
      const changes = mirrorChanges(mails, await maildir.files(), { delivered: known, agreed });
      const next = new Map(mails.map(({ id, unread }) => [id, unread]));
      const missing: MirroredMail[] = [];
      for (const change of changes) {
        if (!mayWrite()) return false;
        if (change.kind === 'deliver') missing.push(change.mail);
        if (change.kind === 'remove') await maildir.remove(change.file);
        if (change.kind === 'flag') await maildir.markUnread(change.file, change.unread);
        if (change.kind === 'mark') {
          next.set(change.id, change.unread);
          mail.mark([change.id], change.unread);
        }
      }
      agreed = next;
      // The list begins with the newest mail, but the mirror must get the oldest first: mail programs number mails in the order of
      // delivery.
      const batch = missing.reverse().slice(0, DELIVERED_AT_ONCE);
      const handled = await maildir.deliver(batch, content, mayWrite);
      for (const { id } of batch.slice(0, handled)) known.add(id);
      return handled < missing.length || newest?.version !== version;
    },
  };
}
