/**
 * Messages that an admin sends to the user of this device. Storing a message proves only that the device has the message. Each message is therefore
 * offered to the desktop, to the device page and to the command line. The first of them that displays the whole message makes one report to the server.
 */
import { Loop } from '../../shared/loops/loop.ts';
import type { DisplayedOn, ReportItem } from '../../shared/protocol/frames.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';

export interface AdminMessage {
  readonly id: CommandId;
  readonly text: string;
  readonly at: Instant;
  readonly displayed: boolean;
}

export interface AdminMessageStore {
  addMessage(id: string, text: string, at: Instant): void;
  /** The newest `limit` messages, oldest first. */
  adminMessages(limit: number): readonly AdminMessage[];
  /**
   * Marks the message as displayed and appends the report in one transaction. Returns false for an unknown or already displayed message.
   */
  markDisplayed(id: CommandId, report: ReportItem): boolean;
}

export interface AdminMessagePorts {
  readonly store: Pick<AdminMessageStore, 'adminMessages' | 'markDisplayed'>;
  /** Real time, in which all commands count, in Unix milliseconds. */
  readonly now: () => number;
  /** Displays a text on the desktop. A simulated device has no desktop. */
  readonly desktop?: ((text: string) => Promise<DesktopResult>) | undefined;
  readonly onReport: () => void;
  /** Called when the store failed (a full disk). The desktop shows the message once more at the next offer. */
  readonly onFailure: (error: unknown) => void;
}

/** `part`: the desktop shows only the beginning of a long text. `none`: no desktop, or no signed-in user. */
export type DesktopResult = 'whole' | 'part' | 'none';

export interface AdminMessages {
  list(): readonly AdminMessage[];
  /**
   * Marks the messages with the given ids as displayed by the command line or the page. Ignores unknown ids: a message may be older than
   * the current enrollment.
   */
  displayed(ids: readonly CommandId[], on: DisplayedOn): void;
  /** Offers each unread message to the desktop. Never rejects. */
  offerToDesktop(): Promise<void>;
}

/** The list for the command line. With `shown`, the command line displays it next; the list tells which messages were new before. */
export function readAdminMessages(
  { adminMessages }: { readonly adminMessages: Pick<AdminMessages, 'list' | 'displayed'> },
  shown: boolean,
): readonly AdminMessage[] {
  const messages = adminMessages.list();
  if (shown) {
    const ids = messages.map(({ id }) => id);
    adminMessages.displayed(ids, 'command-line');
  }
  return messages;
}

/** Maximum number of messages that the page and the command line list. Older messages stay stored. */
export const MOST_ADMIN_MESSAGES = 100;
/** Several unseen messages must not cover a desktop. The other messages wait for the page. */
const MOST_ON_DESKTOP = 3;

export function createAdminMessages({ store, now, desktop, onReport, onFailure }: AdminMessagePorts): AdminMessages {
  const list = () => store.adminMessages(MOST_ADMIN_MESSAGES);

  const displayed = (ids: readonly CommandId[], on: DisplayedOn) => {
    const at = now();
    const reported = ids.filter((id) => store.markDisplayed(id, { type: 'displayed', command: id, on, at }));
    if (reported.length > 0) onReport();
  };

  /** Messages that the desktop has shown in part. The desktop does not show them again before the next start. */
  const shownInPart = new Set<CommandId>();
  const offer = async () => {
    if (!desktop) return;
    const unseen = list().filter((message) => !message.displayed && !shownInPart.has(message.id));
    for (const { id, text } of unseen.slice(-MOST_ON_DESKTOP)) {
      const result = await desktop(text);
      if (result === 'none') return;
      if (result === 'part') shownInPart.add(id);
      else displayed([id], 'desktop');
    }
  };

  const loop = new Loop({ run: offer, failed: onFailure });

  return {
    list,
    displayed,
    offerToDesktop: () => loop.run(),
  };
}
