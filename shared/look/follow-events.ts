/** Follows a stream of `changed` events for as long as the page is there, through whatever ends it on the way. */

export interface EventFollower {
  /** How long a tab may be out of sight before it stops listening, in milliseconds; null when it listens always. */
  readonly hiddenFor: number | null;
  /** `missed`: what changed while nobody listened is not told again. */
  onOpen(missed: boolean): void;
  onDown(): void;
  onChanged(data: unknown): void;
}

/** A stream that was refused, or ended by the server, is not tried again by the browser itself. */
const AGAIN_AFTER = 5_000;

/** Returns what ends it. */
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
      timer = setTimeout(open, AGAIN_AFTER);
    });
    source.addEventListener('changed', ({ data }) => onChanged(JSON.parse(String(data))));
  }

  function close(): void {
    source?.close();
    source = null;
  }

  function rest(): void {
    close();
    missed = true;
  }

  function seen(): void {
    clearTimeout(timer);
    if (hiddenFor === null || document.visibilityState === 'visible') open();
    else timer = setTimeout(rest, hiddenFor);
  }

  document.addEventListener('visibilitychange', seen);
  seen();
  return () => {
    document.removeEventListener('visibilitychange', seen);
    clearTimeout(timer);
    close();
  };
}
