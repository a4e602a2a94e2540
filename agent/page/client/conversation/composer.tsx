/** Field for writing a message. Files come from the file dialog, from the clipboard, or from a drop on the conversation. */
import { Button, CloseButton, Progress, Text, Textarea } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconPaperclip, IconSend2 } from '@tabler/icons-react';
import { type FormEvent, type KeyboardEvent, useId, useRef } from 'react';
import { Failure } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { type Conversation, LONGEST_TEXT, MOST_ATTACHMENTS } from '../../api.ts';
import { bytes, WORDS } from '../words/english.ts';
import { isolated, nameOf } from '../words/names.ts';
import classes from './conversation.module.css';
import { type DraftInHand, LARGEST } from './use-draft.ts';
import { useSend } from './use-send.ts';

const words = WORDS.composer;

export function Composer({
  conversation,
  draft,
  closed,
}: {
  readonly conversation: Conversation;
  readonly draft: DraftInHand;
  readonly closed: string | null;
}) {
  const hint = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { sending, progress } = useSend(conversation.id);
  // The text of a failed message returns in front of newly typed text. Both texts together may exceed the limit of one message.
  const excess =
    draft.text.length > LONGEST_TEXT
      ? words.tooLong(LONGEST_TEXT)
      : draft.files.length > MOST_ATTACHMENTS
        ? words.tooMany(MOST_ATTACHMENTS)
        : null;
  const problem = excess ?? draft.refusal;
  const ready = closed === null && excess === null && (draft.text.trim() !== '' || draft.files.length > 0);

  function submit(event?: FormEvent): void {
    event?.preventDefault();
    if (!ready || sending.isPending) return;
    sending.mutate(draft.take());
    field.current?.focus();
  }
  function onKeyDown(event: KeyboardEvent): void {
    // In an input method editor (IME), Enter completes a word and must not send the message.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  }

  return (
    <form className={classes.composer} onSubmit={submit}>
      <PickedFiles draft={draft} onRemove={() => field.current?.focus()} />
      {progress !== null && <Progress value={progress * 100} aria-label={words.uploading} />}
      {sending.isError && <Failure error={sending.error} />}
      <div className={classes.row}>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            draft.attach([...(currentTarget.files ?? [])]);
            currentTarget.value = '';
            field.current?.focus();
          }}
        />
        <Button
          variant="default"
          px="xs"
          aria-label={words.attach}
          title={words.attach}
          disabled={closed !== null}
          onClick={() => picker.current?.click()}
        >
          <IconPaperclip size={18} aria-hidden />
        </Button>
        <Textarea
          ref={field}
          data-composer
          className={classes.field}
          aria-label={words.label(nameOf(conversation))}
          aria-describedby={hint}
          placeholder={closed === null ? words.placeholder : ''}
          dir="auto"
          autosize
          minRows={1}
          maxRows={8}
          disabled={closed !== null}
          value={draft.text}
          onChange={({ currentTarget }) => draft.write(currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <Button
          type="submit"
          aria-label={words.send}
          title={words.send}
          px="xs"
          disabled={!ready}
          loading={sending.isPending}
        >
          <IconSend2 size={18} aria-hidden />
        </Button>
      </div>
      <div id={hint}>
        <ComposerHint closed={closed} problem={problem} />
      </div>
    </form>
  );
}

function PickedFiles({ draft, onRemove }: { readonly draft: DraftInHand; readonly onRemove: () => void }) {
  if (draft.files.length === 0) return null;
  return (
    <ul className={classes.picked} aria-label={WORDS.attachment.attached}>
      {draft.files.map((file, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: one file may be attached twice
        <li key={at} className={classes.chip}>
          <UserText>{file.name}</UserText> <span className={classes.size}>{bytes(file.size)}</span>
          <CloseButton
            size="sm"
            aria-label={WORDS.attachment.remove(isolated(file.name))}
            onClick={() => {
              draft.remove(file);
              onRemove();
            }}
          />
        </li>
      ))}
    </ul>
  );
}

function ComposerHint({ closed, problem }: { readonly closed: string | null; readonly problem: string | null }) {
  const phone = useMediaQuery('(max-width: 48em)');
  if (closed !== null) {
    return (
      <Text size="sm" fw={600}>
        {closed}
      </Text>
    );
  }
  return (
    <Text size="xs" c={problem !== null ? 'var(--mantine-color-error)' : 'dimmed'} role="status">
      {problem ?? (phone ? words.phoneHint(LARGEST) : words.hint(LARGEST, MOST_ATTACHMENTS))}
    </Text>
  );
}
