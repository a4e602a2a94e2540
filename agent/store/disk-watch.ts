/** Watch over the free space of the disk with the agent's folder. Reports a full disk once. */
import { type DiskSpace, type DiskState, diskState } from './disk-space.ts';

export interface DiskWatchPorts {
  /** Reads the free space of the disk; null if the agent watches no disk. */
  readonly space: (() => DiskSpace) | null;
  /** Called when the disk becomes full. `detail`: text for an admin. */
  readonly onFull: (detail: string) => void;
  readonly onSpaceAvailable: () => void;
}

export interface DiskWatch {
  check(): void;
  state(): DiskState;
  report(): (DiskSpace & { readonly state: DiskState }) | null;
}

export function createDiskWatch({ space, onFull, onSpaceAvailable }: DiskWatchPorts): DiskWatch {
  let isReported = false;

  const report = () => {
    const now = space?.() ?? null;
    return now === null ? null : { ...now, state: diskState(now) };
  };

  return {
    check() {
      const now = report();
      if (now === null) return;
      if (now.state === 'full' && !isReported) {
        isReported = true;
        onFull(detailOf(now));
      }
      // The report "disk full" ends only when the reserve is complete again. Near the limit, the report would otherwise begin and end
      // repeatedly.
      if (now.state === 'ok' && isReported) {
        isReported = false;
        onSpaceAvailable();
      }
    },
    state: () => report()?.state ?? 'ok',
    report,
  };
}

const detailOf = ({ free, reserved, size }: DiskSpace): string => {
  const [freeNow, left, total] = [free, reserved, size].map((bytes) => (bytes / 2 ** 20).toFixed(1));
  return `The disk of the agent's folder has ${freeNow} MiB free. New orders still have ${left} of ${total} MiB reserved; messages, commands and position reports wait.`;
};
