/**
 * Messages from admins to the user. The agent offers each message to the desktop, the device page and the command line. When one of them
 * has displayed the whole message, the agent reports this once to the server.
 */
import { Loop } from '../../shared/loops/loop.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { DisplayedOn, ReportItem } from '../../shared/protocol/report-item.ts';
import type { Instant } from '../../shared/time/clock.ts';

export interface AdminMessage {
  readonly id: CommandId;
  readonly text: string;
  readonly at: Instant;
  readonly displayed: boolean;
}

export interface AdminMessageStore {
  addMessage(id: string, text: string, at: Instant): void;
  /** Returns the newest `limit` messages, oldest first. */
  adminMessages(limit: number): readonly AdminMessage[];
  /**
   * Marks a message as displayed and stores the given report for the server, both in one transaction. Returns false if the message is
   * unknown or was displayed before.
   */
  markDisplayed(id: CommandId, report: ReportItem): boolean;
}

export interface AdminMessagePorts {
  readonly store: Pick<AdminMessageStore, 'adminMessages' | 'markDisplayed'>;
  /** Current time by the machine's own clock, in Unix milliseconds. */
  readonly now: () => number;
  readonly desktop?: ((text: string) => Promise<DesktopResult>) | undefined;
  readonly onReport: () => void;
  /**
   * Called when the agent cannot store that the desktop displayed a message, for example on a full disk. The message still counts as not
   * displayed, so the desktop displays it again.
   */
  readonly onFailure: (error: unknown) => void;
}

/** How much of a message the desktop displayed. `part`: only the beginning of a long text. `none`: no desktop, or no signed-in user. */
export type DesktopResult = 'whole' | 'part' | 'none';

export interface AdminMessages {
  list(): readonly AdminMessage[];
  /** Marks messages as displayed. Ignores unknown ids, because a message may belong to an earlier enrollment of this device. */
  displayed(ids: readonly CommandId[], on: DisplayedOn): void;
  /** Displays the newest messages that the user has not seen as notifications on the user's desktop. Never rejects. */
  offerToDesktop(): Promise<void>;
}

/** Lists the messages for the command line. `shown`: also marks them as displayed; the returned list still says which messages were new. */
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

/** Maximum number of messages on the device page and the command line. Older messages stay stored. */
export const MOST_ADMIN_MESSAGES = 100;
/** Maximum number of messages on the desktop at once. The device page lists all messages. */
const MOST_ON_DESKTOP = 3;

export function createAdminMessages({ store, now, desktop, onReport, onFailure }: AdminMessagePorts): AdminMessages {
  const list = () => store.adminMessages(MOST_ADMIN_MESSAGES);

  const displayed = (ids: readonly CommandId[], on: DisplayedOn) => {
    const at = now();
    const reported = ids.filter((id) => store.markDisplayed(id, { type: 'displayed', command: id, on, at }));
    if (reported.length > 0) onReport();
  };

  /**
   * Messages of which the desktop displayed only the beginning. The desktop does not display them again, because the beginning would be the
   * same. A restart of the agent empties this set, so the desktop then displays them once more.
   */
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
