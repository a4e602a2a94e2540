/** What one says next. Enter sends, Shift+Enter begins a line; files are picked here, or pasted and dropped anywhere on the conversation. Says why when one cannot write. */
import { Button, CloseButton, Progress, Text, Textarea } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconPaperclip, IconSend2 } from '@tabler/icons-react';
import { type FormEvent, type KeyboardEvent, useId, useRef } from 'react';
import { Given } from '../../../../shared/look/given.tsx';
import { Failure } from '../../../../shared/look/states.tsx';
import { type Conversation, LONGEST_TEXT, MOST_ATTACHMENTS } from '../../api.ts';
import { bytes, WORDS } from '../words/english.ts';
import { apart, nameOf } from '../words/names.ts';
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
  /** Why one cannot write; null while one can. */
  readonly closed: string | null;
}) {
  const hint = useId();
  const phone = useMediaQuery('(max-width: 48em)');
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const { sending, progress } = useSend(conversation.id);
  // What came back, and what was written since, may together be more than one message.
  const excess =
    draft.text.length > LONGEST_TEXT
      ? words.tooLong(LONGEST_TEXT)
      : draft.files.length > MOST_ATTACHMENTS
        ? words.tooMany(MOST_ATTACHMENTS)
        : null;
  const amiss = excess ?? draft.refusal;
  const ready = closed === null && excess === null && (draft.text.trim() !== '' || draft.files.length > 0);

  function submit(event?: FormEvent): void {
    event?.preventDefault();
    if (!ready || sending.isPending) return;
    sending.mutate(draft.take());
    // A button that is pressed by hand takes the focus: the next message is written where this one was.
    field.current?.focus();
  }
  function onKeyDown(event: KeyboardEvent): void {
    // Enter that ends a composed character (IME) is that character's.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  }

  return (
    <form className={classes.composer} onSubmit={submit}>
      {draft.files.length > 0 && (
        <ul className={classes.picked} aria-label={WORDS.attachment.attached}>
          {draft.files.map((file, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: one file may be attached twice
            <li key={at} className={classes.chip}>
              <Given>{file.name}</Given> <span className={classes.size}>{bytes(file.size)}</span>
              <CloseButton
                size="sm"
                aria-label={WORDS.attachment.remove(apart(file.name))}
                onClick={() => {
                  draft.remove(file);
                  field.current?.focus();
                }}
              />
            </li>
          ))}
        </ul>
      )}
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
        {closed !== null ? (
          <Text size="sm" fw={600}>
            {closed}
          </Text>
        ) : (
          <Text size="xs" c={amiss !== null ? 'var(--mantine-color-error)' : 'dimmed'} role="status">
            {amiss ?? (phone ? words.phoneHint(LARGEST) : words.hint(LARGEST, MOST_ATTACHMENTS))}
          </Text>
        )}
      </div>
    </form>
  );
}
