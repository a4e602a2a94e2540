/** Keeps what is on the page fresh. It listens also while nobody looks at it: the count in its title is what one looks at then. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { askAgain } from '../../../../shared/look/ask-again.ts';
import { followEvents } from '../../../../shared/look/follow-events.ts';

const LiveContext = createContext(true);

/** False while the daemon does not answer. */
export const useLive = () => use(LiveContext);

export function LiveProvider({ children }: { readonly children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState(true);
  useEffect(() => {
    const refresh = () => askAgain(client);
    return followEvents('/api/events', {
      hiddenFor: null,
      onOpen(missed) {
        setLive(true);
        if (missed) refresh();
      },
      onDown() {
        setLive(false);
        // It may have ended because the session has.
        refresh();
      },
      onChanged: refresh,
    });
  }, [client]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
