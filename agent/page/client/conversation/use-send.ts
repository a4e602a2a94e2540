/** Sends a draft: first its files, then the message. If the agent does not store the message durably, the text returns to the draft. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { madeView } from '../../api.ts';
import { call, upload } from '../client/call.ts';
import { type Draft, giveBack } from './drafts.ts';

export function useSend(conversation: string) {
  const client = useQueryClient();
  const [progress, setProgress] = useState<number | null>(null);
  const sending = useMutation({
    async mutationFn({ text, files }: Draft) {
      const attachments: string[] = [];
      for (const [at, file] of files.entries()) {
        const onProgress = (part: number) => setProgress((at + part) / files.length);
        const query = new URLSearchParams({ name: file.name, type: mediaType(file) });
        attachments.push((await upload(`/uploads?${query}`, madeView, file, onProgress)).id);
      }
      await call('POST', `/conversations/${conversation}/messages`, madeView, { text, attachments });
    },
    onSuccess: () => client.invalidateQueries(),
    onError: (_error, taken) => giveBack(conversation, taken),
    onSettled: () => setProgress(null),
  });
  return { sending, progress };
}

/**
 * Media type in the form that the API accepts. Browsers give no type for an unknown file, and add parameters such as a character set to
 * some types.
 */
const mediaType = ({ type }: File): string => (/^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'application/octet-stream');
