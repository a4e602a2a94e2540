/** Client of a stream of `changed` events. It connects again after interruptions. */

export interface EventFollower {
  /** Time in milliseconds after which a hidden tab closes its event stream; null if it never closes the stream. */
  readonly hiddenFor: number | null;
  /** Called when the event stream opens. `missed`: true if events may have been lost while the stream was closed. */
  onOpen(missed: boolean): void;
  onDown(): void;
  onChanged(data: unknown): void;
}

/** Milliseconds before the next attempt to connect. A browser gives up after a refused event stream, so this code retries. */
const RETRY_AFTER = 5_000;

/** Opens the event stream. Returns a function that closes it. */
export function followEvents(url: string, { hiddenFor, onOpen, onDown, onChanged }: EventFollower): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let missed = false;

  function open(): void {
    clearTimeout(timer);
    if (source) return;
    source = new EventSource(url);
    source.addEventListener('open', () => {
      onOpen(missed);
      missed = false;
    });
    source.addEventListener('error', () => {
      missed = true;
      onDown();
      if (source?.readyState !== EventSource.CLOSED) return;
      close();
      timer = setTimeout(open, RETRY_AFTER);
    });
    source.addEventListener('changed', ({ data }) => onChanged(JSON.parse(String(data))));
  }

  function close(): void {
    source?.close();
    source = null;
  }

  function closeHidden(): void {
    close();
    missed = true;
  }

  function followVisibility(): void {
    clearTimeout(timer);
    if (hiddenFor === null || document.visibilityState === 'visible') open();
    else timer = setTimeout(closeHidden, hiddenFor);
  }

  document.addEventListener('visibilitychange', followVisibility);
  followVisibility();
  return () => {
    document.removeEventListener('visibilitychange', followVisibility);
    clearTimeout(timer);
    close();
  };
}
