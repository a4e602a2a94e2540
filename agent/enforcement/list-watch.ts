export interface ListWatchPorts {
  readonly expired: () => boolean;
  readonly connected: () => boolean;
  readonly alert: () => void;
}

/**
 * Raises the alert about an expired list only when the server had time to send a newer one. After sleep or a jump of the clock, a fresh list is usually on its
 * way. All times are real time.
 */
export interface ListWatch {
  /** Checks the list, because the device's time, the list or the connection may have changed. */
  look(): void;
  /** Called after the list was fetched and stored. */
  polled(): void;
  stop(): void;
}

/** Milliseconds in which a newer list should arrive. A server pushes that list as soon as a device connects. */
const FRESH_WITHIN = 4_000;

export function createListWatch(ports: ListWatchPorts, within = FRESH_WITHIN): ListWatch {
  let since: number | null = null;
  let waiting: NodeJS.Timeout | undefined;

  const stop = () => {
    clearTimeout(waiting);
    waiting = undefined;
  };
  const look = () => {
    const expired = ports.expired();
    since = expired ? (since ?? performance.now()) : null;
    if (!expired || !ports.connected()) return stop();
    waiting ??= setTimeout(() => {
      waiting = undefined;
      if (ports.expired() && ports.connected()) ports.alert();
    }, within).unref();
  };
  return {
    look,
    polled() {
      look();
      if (since !== null && performance.now() - since >= within) ports.alert();
    },
    stop,
  };
}
