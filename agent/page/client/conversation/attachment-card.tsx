/** Card of an attachment. A small picture is also shown, if it comes from a verified person. */

import { Button } from '@mantine/core';
import { IconDownload, IconFile } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { saveFile } from '../../../../shared/look/save-file.ts';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { Message } from '../../api.ts';
import { blobOf } from '../client/call.ts';
import { bytes, WORDS } from '../words/english.ts';
import { fileName, isolated } from '../words/names.ts';
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
  const saving = useMutation({ mutationFn: async () => saveFile(await blobOf(path), name) });
  return (
    <li className={classes.attachment}>
      {trusted && mayDraw(attachment) && <Picture path={path} name={name} />}
      <IconFile size={20} aria-hidden />
      <span>
        <UserText>{name}</UserText> <span className={classes.size}>{bytes(attachment.size)}</span>
      </span>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconDownload size={14} aria-hidden />}
        loading={saving.isPending}
        aria-label={WORDS.attachment.saveName(isolated(name))}
        onClick={() => saving.mutate()}
      >
        {WORDS.attachment.save}
      </Button>
      {saving.isError && <Failure error={saving.error} />}
    </li>
  );
}
