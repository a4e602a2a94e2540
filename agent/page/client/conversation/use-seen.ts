/** What stands before somebody who is looking has been read: the senders are told. What is further up and not fetched yet has not. */
import { useMutation } from '@tanstack/react-query';
import { useEffect } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { type Message, MOST_READ } from '../../api.ts';
import { call } from '../client/call.ts';

export function useSeen(conversation: string, messages: readonly Message[]): void {
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
