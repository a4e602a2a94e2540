export interface ListWatchPorts {
  readonly expired: () => boolean;
  readonly connected: () => boolean;
  readonly alert: () => void;
}

/**
 * Alert about an expired order list. After sleep or a clock jump, a newer list usually arrives within seconds, so the alert waits for the
 * server. All times are those of the machine's own clock, not of `device-clock.ts`.
 */
export interface ListWatch {
  check(): void;
  polled(): void;
  stop(): void;
}

/** Milliseconds in which a newer order list should arrive. The server sends the newest list as soon as a device connects. */
const FRESH_WITHIN = 4_000;

export function createListWatch(ports: ListWatchPorts, within = FRESH_WITHIN): ListWatch {
  let since: number | null = null;
  let waiting: NodeJS.Timeout | undefined;

  const stop = () => {
    clearTimeout(waiting);
    waiting = undefined;
  };
  const check = () => {
    const expired = ports.expired();
    since = expired ? (since ?? performance.now()) : null;
    if (!expired || !ports.connected()) return stop();
    waiting ??= setTimeout(() => {
      waiting = undefined;
      if (ports.expired() && ports.connected()) ports.alert();
    }, within).unref();
  };
  return {
    check,
    polled() {
      check();
      if (since !== null && performance.now() - since >= within) ports.alert();
    },
    stop,
  };
}
