/**
 * Milliseconds without an item after which the mailbox counts as empty. The protocol does not mark the last waiting item after
 * `mailbox-is`.
 */
const QUIET = 2_000;

export interface MailboxQuiet {
  begin(): void;
  itemArrived(): void;
  /** Milliseconds until the mailbox counts as empty, at most `QUIET`. It is 0 if the mailbox is empty or the clock was set back. */
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
