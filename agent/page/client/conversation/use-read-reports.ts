/** Reports to the agent which messages the user has read: loaded messages that are visible while the user is present. */
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { type Message, MOST_READ } from '../../api.ts';
import { call } from '../client/call.ts';

export function useReadReports(conversation: string, messages: readonly Message[]): void {
  const { mutate } = useMutation({
    mutationFn: (seen: readonly string[]) =>
      call('POST', `/conversations/${conversation}/read`, done, { messages: seen }),
  });
  const unseen = messages.filter(({ mine, state }) => !mine && state !== 'read').slice(-MOST_READ);
  const named = unseen.map(({ id }) => id).join(' ');
  useEffect(() => {
    if (named === '') return;
    const look = () => {
      if (document.visibilityState === 'visible' && document.hasFocus()) mutate(named.split(' '));
    };
    look();
    addEventListener('focus', look);
    document.addEventListener('visibilitychange', look);
    return () => {
      removeEventListener('focus', look);
      document.removeEventListener('visibilitychange', look);
    };
  }, [named, mutate]);
}
