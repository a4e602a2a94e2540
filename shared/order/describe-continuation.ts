/**
 * Text that describes a ledger continuation to the approver before signing: remaining entries, lost entries and consequences. The text is
 * computed from the exact bytes to sign.
 */
import { parseContinuation } from '../ledger/continuation.ts';
import type { Described, Line } from './describe-revision.ts';
import type { LedgerContinuation } from './documents.ts';

const entries = (count: number): string => `${count} ${count === 1 ? 'entry' : 'entries'}`;

export function describeContinuation(payload: string): Described<LedgerContinuation> {
  const document = parseContinuation(new TextEncoder().encode(payload));
  const { installation, origin, newOrigin, fork, reason, date } = document;
  return {
    document,
    title: `Continuation of the public ledger of installation ${installation}`,
    lines: [
      { label: 'remains', value: `${entries(fork.size)}, root ${fork.root}` },
      lossLine(document),
      { label: 'old name', value: origin },
      { label: 'new name', value: newOrigin },
      { label: 'reason', value: reason },
      { label: 'proposed', value: date },
      {
        label: 'consequence',
        value:
          'Entries after the remaining ones can never be proved again. Devices, ledger copies and auditors accept the new name only with this document. They keep their old checkpoints as proof of the loss.',
        grave: true,
      },
    ],
  };
}

function lossLine({ reported, fork }: LedgerContinuation): Line {
  if (!reported) {
    const value = 'unknown: no device and no file has reported more entries. Unreported entries may be lost.';
    return { label: 'lost', value, grave: true };
  }
  const more = reported.size - fork.size;
  const value =
    more > 0
      ? `at least ${entries(more)}: a ledger of ${reported.size} entries was reported, root ${reported.root}`
      : `entries of another history: a ledger of ${reported.size} entries was reported that the remaining one does not contain, root ${reported.root}`;
  return { label: 'lost', value, grave: true };
}
