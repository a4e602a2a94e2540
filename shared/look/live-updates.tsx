import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { followEvents } from './follow-events.ts';
import { refetchStale } from './refetch-stale.ts';

const LiveContext = createContext(true);

/** Whether the event stream with live updates is open. While the stream is closed, the displayed data may be out of date. */
export const useLive = () => use(LiveContext);

interface Stream {
  readonly url: string;
  /** Milliseconds after which a hidden tab closes its event stream; null if it never does. */
  readonly hiddenFor: number | null;
  /** Called when the event stream is lost. The page then loads the session again, because an ended session also ends the stream. */
  onDown(client: QueryClient): void;
  onChanged(client: QueryClient, data: unknown): void;
}

/** Provider of live updates. `stream` must be the same object on each render. */
export function LiveUpdates({ stream, children }: { readonly stream: Stream; readonly children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState(true);
  useEffect(
    () =>
      followEvents(stream.url, {
        hiddenFor: stream.hiddenFor,
        onOpen(missed) {
          setLive(true);
          if (missed) refetchStale(client);
        },
        onDown() {
          setLive(false);
          stream.onDown(client);
        },
        onChanged: (data) => stream.onChanged(client, data),
      }),
    [client, stream],
  );
  return <LiveContext value={live}>{children}</LiveContext>;
}
