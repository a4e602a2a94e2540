/** Sends what was taken out of hand: the files first, then the message that names them. It comes back unless the agent has it durably. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { madeView } from '../../api.ts';
import { call, upload } from '../client/call.ts';
import { type Draft, giveBack } from './drafts.ts';

export function useSend(conversation: string) {
  const client = useQueryClient();
  /** Of all files together, 0 to 1; null while there is nothing to carry. */
  const [progress, setProgress] = useState<number | null>(null);
  const sending = useMutation({
    async mutationFn({ text, files }: Draft) {
      const attachments: string[] = [];
      for (const [at, file] of files.entries()) {
        const told = (part: number) => setProgress((at + part) / files.length);
        const query = new URLSearchParams({ name: file.name, type: mediaType(file) });
        attachments.push((await upload(`/uploads?${query}`, madeView, file, told)).id);
      }
      await call('POST', `/conversations/${conversation}/messages`, madeView, { text, attachments });
    },
    onSuccess: () => client.invalidateQueries(),
    onError: (_error, taken) => giveBack(conversation, taken),
    onSettled: () => setProgress(null),
  });
  return { sending, progress };
}

/** A browser says nothing of a file whose kind it does not know, and of some more than is a type. */
const mediaType = ({ type }: File): string => (/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream');
