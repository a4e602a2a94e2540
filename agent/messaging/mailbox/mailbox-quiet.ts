/** Milliseconds without a new item after which the mailbox counts as empty. The protocol does not mark the last waiting item. */
const QUIET = 2_000;

export interface MailboxQuiet {
  begin(): void;
  itemArrived(): void;
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
