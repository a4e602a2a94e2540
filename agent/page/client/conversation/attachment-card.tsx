/** A file that came with a message: its name, its size, and a way to save it. A small picture of somebody verified is drawn besides. */
import { Button } from '@mantine/core';
import { IconDownload, IconFile } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Given } from '../../../../shared/look/given.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import type { Message } from '../../api.ts';
import { blobOf, save } from '../client/call.ts';
import { bytes, WORDS } from '../words/english.ts';
import { apart, fileName } from '../words/names.ts';
import classes from './conversation.module.css';
import { mayDraw, Picture } from './picture.tsx';

export function AttachmentCard({
  message,
  index,
  attachment,
  trusted,
}: {
  readonly message: string;
  readonly index: number;
  readonly attachment: Message['attachments'][number];
  readonly trusted: boolean;
}) {
  const name = fileName(attachment.name);
  const path = `/messages/${message}/attachments/${index}`;
  const saving = useMutation({ mutationFn: async () => save(await blobOf(path), name) });
  return (
    <li className={classes.attachment}>
      {trusted && mayDraw(attachment) && <Picture path={path} name={name} />}
      <IconFile size={20} aria-hidden />
      <span>
        <Given>{name}</Given> <span className={classes.size}>{bytes(attachment.size)}</span>
      </span>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconDownload size={14} aria-hidden />}
        loading={saving.isPending}
        aria-label={WORDS.attachment.saveName(apart(name))}
        onClick={() => saving.mutate()}
      >
        {WORDS.attachment.save}
      </Button>
      {saving.isError && <Failure error={saving.error} />}
    </li>
  );
}
