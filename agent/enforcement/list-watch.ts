/**
 * When an expired list is worth an alarm: not at the first look after a sleep or a jump of the clock, while a fresh
 * one is on its way, but when the device has heard from the server and the list is expired still. Its time is real time: what is waited
 * for is an answer from the network.
 */
export interface ListWatchPorts {
  readonly expired: () => boolean;
  readonly connected: () => boolean;
  readonly alarm: () => void;
}

export interface ListWatch {
  /** The device's time, the list or the connection may have changed. */
  look(): void;
  /** The list was fetched, and what came is stored. */
  polled(): void;
  stop(): void;
}

/** A server pushes the newer list as soon as a device connects. */
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
      if (ports.expired() && ports.connected()) ports.alarm();
    }, within).unref();
  };
  return {
    look,
    polled() {
      look();
      if (since !== null && performance.now() - since >= within) ports.alarm();
    },
    stop,
  };
}
