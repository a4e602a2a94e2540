/**
 * Milliseconds without a new item after which the mailbox counts as empty. After the frame `mailbox-is`, the server sends the waiting
 * items, but the protocol does not mark the last one.
 */
const QUIET = 2_000;

export interface MailboxQuiet {
  begin(): void;
  itemArrived(): void;
  /**
   * Milliseconds until the mailbox counts as empty, at most `QUIET`. The result is 0 if the mailbox counts as empty now, or if the clock
   * was set back.
   */
  emptyIn(): number;
}

export function createMailboxQuiet(): MailboxQuiet {
  let emptyAt = 0;
  return {
    begin() {
      emptyAt = Date.now() + QUIET;
    },
    itemArrived() {
      if (Date.now() < emptyAt) emptyAt = Date.now() + QUIET;
    },
    emptyIn() {
      const left = emptyAt - Date.now();
      return left > 0 && left <= QUIET ? left : 0;
    },
  };
}
