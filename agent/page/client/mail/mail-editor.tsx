/** Editor of a draft. The page saves the draft on this device while the user writes. */
import { Button, CloseButton, Group, Progress, Text, Textarea, TextInput } from '@mantine/core';
import { IconPaperclip, IconSend2, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { type Draft, LARGEST_FILES, LONGEST_MAIL_TEXT } from '../../mail-api.ts';
import { call, upload } from '../client/call.ts';
import { bytes } from '../words/english.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { isolated } from '../words/names.ts';
import { DIALOG_LANGUAGE } from './dialog-language.ts';
import classes from './mail.module.css';
import { draftQuery, mailStatusQuery } from './mail-queries.ts';
import { BackLink } from './mail-reader.tsx';
import { type SavedDraft, useSavedDraft } from './use-saved-draft.ts';

const words = MAIL_WORDS.editor;
const LARGEST = bytes(LARGEST_FILES);

export function MailEditor({ id }: { readonly id: string }) {
  const query = useQuery(draftQuery(id));
  return (
    <div className={classes.pane}>
      <BackLink folder="drafts" />
      <QueryResult query={query}>{(draft) => <Editor key={draft.id} draft={draft} />}</QueryResult>
    </div>
  );
}

function Editor({ draft }: { readonly draft: Draft }) {
  const { id } = draft;
  const navigate = useNavigate();
  const status = useQuery(mailStatusQuery).data;
  const saved = useSavedDraft(draft);
  const [copies, setCopies] = useState(draft.cc !== '' || draft.bcc !== '');
  const first = useRef<HTMLInputElement>(null);
  const text = useRef<HTMLTextAreaElement>(null);
  const files = useFiles(id);
  const sending = useMutation({
    mutationFn: async () => {
      await saved.flush();
      await call('POST', `/mail/drafts/${id}/send`, done);
    },
    onSuccess: () => navigate({ to: '/mail/$folder/$id', params: { folder: 'sent', id } }),
  });
  const canSend = status?.state === 'ready' || status?.state === 'no-connector';

  useEffect(() => {
    // The draft of an answer already has recipients, so the cursor starts in the text, above the quoted mail.
    const field = draft.to === '' ? first.current : text.current;
    field?.focus({ preventScroll: true });
    if (field === text.current) text.current?.setSelectionRange(0, 0);
  }, [draft.to]);

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (canSend && !sending.isPending && !files.adding.isPending) sending.mutate();
  }
  const input = (name: 'to' | 'cc' | 'bcc' | 'subject') => ({
    label: words[name],
    value: saved.fields[name],
    onChange: ({ currentTarget }: { currentTarget: HTMLInputElement }) => saved.change({ [name]: currentTarget.value }),
  });

  return (
    <form className={classes.editor} onSubmit={submit} aria-label={words.label}>
      {status?.address && (
        <Text size="sm" c="dimmed">
          {words.from(status.address)}
        </Text>
      )}
      <TextInput ref={first} {...input('to')} description={words.toHint} autoComplete="off" dir="auto" />
      {copies ? (
        <>
          <TextInput {...input('cc')} autoComplete="off" dir="auto" />
          <TextInput {...input('bcc')} autoComplete="off" dir="auto" />
        </>
      ) : (
        <Button variant="default" size="compact-sm" onClick={() => setCopies(true)} className={classes.copies}>
          {words.cc} / {words.bcc}
        </Button>
      )}
      <TextInput {...input('subject')} dir="auto" />
      <Textarea
        ref={text}
        label={words.text}
        dir="auto"
        className={classes.writing}
        maxLength={LONGEST_MAIL_TEXT}
        value={saved.fields.text}
        onChange={({ currentTarget }) => saved.change({ text: currentTarget.value })}
      />
      <DraftFiles draft={draft} files={files} />
      {sending.isError && <Failure error={sending.error} />}
      <EditorActions
        id={id}
        files={files}
        saved={saved}
        isSending={sending.isPending}
        canSend={canSend}
        isSuspended={status?.state === 'denied'}
      />
    </form>
  );
}

function EditorActions({
  id,
  files,
  saved,
  isSending,
  canSend,
  isSuspended,
}: {
  readonly id: string;
  readonly files: ReturnType<typeof useFiles>;
  readonly saved: SavedDraft;
  readonly isSending: boolean;
  readonly canSend: boolean;
  readonly isSuspended: boolean;
}) {
  const navigate = useNavigate();
  const picker = useRef<HTMLInputElement>(null);
  const [removing, setRemoving] = useState(false);
  return (
    <>
      <Group gap="xs">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={({ currentTarget }) => {
            files.adding.mutate([...(currentTarget.files ?? [])]);
            currentTarget.value = '';
          }}
        />
        <Button
          type="submit"
          leftSection={<IconSend2 size={16} aria-hidden className={classes.directed} />}
          loading={isSending}
          disabled={!canSend || files.adding.isPending}
        >
          {words.send}
        </Button>
        <Button
          variant="default"
          leftSection={<IconPaperclip size={16} aria-hidden />}
          disabled={files.adding.isPending}
          onClick={() => picker.current?.click()}
        >
          {words.attach}
        </Button>
        <Button variant="default" leftSection={<IconTrash size={16} aria-hidden />} onClick={() => setRemoving(true)}>
          {words.remove}
        </Button>
      </Group>
      {isSuspended && (
        <Text size="sm" fw={600}>
          {words.suspended}
        </Text>
      )}
      <Text size="xs" c={saved.state === 'failed' ? 'var(--mantine-color-error)' : 'dimmed'} role="status">
        {isSending ? words.sending : STATE_WORDS[saved.state]} {words.limit(LARGEST)}
      </Text>
      <Confirm
        title={MAIL_WORDS.reader.removeDraftTitle}
        verb={MAIL_WORDS.reader.removeDraftSubmit}
        grave
        language={DIALOG_LANGUAGE}
        opened={removing}
        close={() => setRemoving(false)}
        act={async () => {
          saved.abandon();
          await call('POST', '/mail/remove', done, { mails: [id] });
          await navigate({ to: '/mail/$folder', params: { folder: 'drafts' } });
        }}
      >
        <Text size="sm">{MAIL_WORDS.reader.removeDraftText}</Text>
      </Confirm>
    </>
  );
}

const STATE_WORDS = { saved: words.saved, saving: words.saving, failed: words.unsaved };

function useFiles(id: string) {
  const client = useQueryClient();
  const [progress, setProgress] = useState<number | null>(null);
  const again = () => client.invalidateQueries({ queryKey: draftQuery(id).queryKey });
  const adding = useMutation({
    mutationFn: async (picked: readonly File[]) => {
      for (const file of picked) {
        if (file.size > LARGEST_FILES) throw new TooLarge();
        const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : 'application/octet-stream';
        const query = new URLSearchParams({ name: file.name.slice(0, 255), type });
        setProgress(0);
        await upload(`/mail/drafts/${id}/files?${query}`, done, file, setProgress);
      }
    },
    onSettled: () => {
      setProgress(null);
      return again();
    },
  });
  const removing = useMutation({
    mutationFn: (index: number) => call('DELETE', `/mail/drafts/${id}/files/${index}`, done),
    onSettled: again,
  });
  return { adding, removing, progress };
}

class TooLarge extends Error {}

function DraftFiles({ draft, files }: { readonly draft: Draft; readonly files: ReturnType<typeof useFiles> }) {
  const { adding, removing, progress } = files;
  return (
    <>
      {draft.files.length > 0 && (
        <ul className={classes.files} aria-label={words.attached}>
          {draft.files.map(({ name, size }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: one file may be attached twice
            <li key={index} className={classes.chip}>
              <span className={classes.fileName}>
                <UserText>{name}</UserText>
              </span>
              <span className={classes.size}>{bytes(size)}</span>
              <CloseButton
                size="sm"
                aria-label={words.removeFile(isolated(name))}
                disabled={removing.isPending}
                onClick={() => removing.mutate(index)}
              />
            </li>
          ))}
        </ul>
      )}
      {progress !== null && <Progress value={progress * 100} aria-label={words.uploading} />}
      {adding.error instanceof TooLarge ? (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {words.tooLarge(LARGEST)}
        </Text>
      ) : (
        adding.isError && <Failure error={adding.error} />
      )}
      {removing.isError && <Failure error={removing.error} />}
    </>
  );
}
