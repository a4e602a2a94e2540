import { Alert, Button, Group, Text, Title, VisuallyHidden } from '@mantine/core';
import {
  IconAlertTriangle,
  IconArrowBackUp,
  IconArrowBackUpDouble,
  IconArrowForwardUp,
  IconDownload,
  IconMail,
  IconTrash,
} from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useEffectEvent, useRef, useState } from 'react';
import { done } from '../../../../shared/api/wire.ts';
import { isRetryable } from '../../../../shared/look/api-client.ts';
import { Confirm } from '../../../../shared/look/confirm.tsx';
import { saveFile } from '../../../../shared/look/save-file.ts';
import { Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { dateTimeIn } from '../../../../shared/order/notice-words/languages.ts';
import { madeView } from '../../api.ts';
import type { MailFolder, MailView } from '../../mail-api.ts';
import { blobOf, call } from '../client/call.ts';
import { bytes } from '../words/english.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { fileName, isolated } from '../words/names.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';
import { DIALOG_LANGUAGE } from './dialog-language.ts';
import classes from './mail.module.css';
import { MailBody } from './mail-body.tsx';
import { People } from './mail-people.tsx';
import { mailQuery } from './mail-queries.ts';

const words = MAIL_WORDS.reader;

export function MailReader({ id, folder }: { readonly id: string; readonly folder: MailFolder }) {
  const query = useQuery(mailQuery(id));
  return (
    <div className={classes.pane}>
      <BackLink folder={folder} />
      <QueryResult query={query}>{(mail) => <Reader key={mail.id} mail={mail} folder={folder} />}</QueryResult>
    </div>
  );
}

export function BackLink({ folder }: { readonly folder: MailFolder }) {
  return (
    <Link to="/mail/$folder" params={{ folder }} className={classes.back}>
      {MAIL_WORDS.back}
    </Link>
  );
}

function Reader({ mail, folder }: { readonly mail: MailView; readonly folder: MailFolder }) {
  const { id, from, to, cc, bcc, at, subject, problem, attachments, isShortened } = mail;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  // For a sent mail, the stored list contains all recipients together. Only the mail itself divides them into the fields To, Cc and Bcc.
  const field = (label: string, value: ReactNode) => (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
  return (
    <article className={classes.reader} aria-label={words.label}>
      <header className={classes.head}>
        <Title order={2} size="h4" ref={heading} tabIndex={-1} className={classes.heading}>
          {subject === '' ? MAIL_WORDS.noSubject : <UserText>{subject}</UserText>}
        </Title>
        <dl className={classes.fields}>
          {from && field(words.from, <People people={[from]} />)}
          {to.length > 0 && field(words.to, <People people={to} />)}
          {cc.length > 0 && field(words.cc, <People people={cc} />)}
          {bcc.length > 0 && field(words.bcc, <People people={bcc} />)}
          {field(words.date, <time dateTime={new Date(at).toISOString()}>{dateTimeIn(NOTICE_WORDS, at)}</time>)}
        </dl>
        <MarkRead mail={mail} />
        <Delivery mail={mail} />
        <Actions mail={mail} folder={folder} />
        {attachments.length > 0 && <Files id={id} files={attachments} />}
      </header>
      {problem === null ? (
        <MailBody mail={mail} />
      ) : (
        <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} m="md">
          <Title order={3} size="h6">
            {words.problem}
          </Title>
          <Text size="sm">{problem}</Text>
        </Alert>
      )}
      {isShortened && (
        <Text size="sm" p="md">
          {words.shortened}
        </Text>
      )}
    </article>
  );
}

/**
 * Marks the mail as read. The page repeats a failed request, and then shows an error. Otherwise the user would not notice that the mail is
 * still unread.
 */
function MarkRead({ mail: { id, unread } }: { readonly mail: MailView }) {
  const { mutate, isError, isPending } = useMutation({
    mutationFn: () => call('POST', '/mail/read', done, { mails: [id], unread: false }),
    retry: isRetryable,
    retryDelay: 1_000,
  });
  const mark = useEffectEvent(() => {
    if (unread) mutate();
  });
  useEffect(() => mark(), []);
  if (!isError || !unread) return null;
  return (
    <Alert color="yellow" icon={<IconAlertTriangle aria-hidden />} role="alert">
      <Group gap="xs">
        <Text size="sm">{words.stillUnread}</Text>
        <Button size="xs" variant="default" loading={isPending} onClick={() => mutate()}>
          {words.markRead}
        </Button>
      </Group>
    </Alert>
  );
}

function Delivery({ mail: { delivery } }: { readonly mail: MailView }) {
  if (!delivery) return null;
  const { state, denial, detail } = delivery;
  const isBad = state === 'returned' || state === 'expired' || state === 'failed';
  return (
    <div className={classes.delivery} data-bad={isBad || undefined} role="status">
      <Text size="sm">
        <strong>{MAIL_WORDS.state[state].name}.</strong> {MAIL_WORDS.state[state].meaning}
      </Text>
      {detail !== null && <Text size="sm">{detail}</Text>}
      {denial && (
        <Text size="sm">
          {denial.order !== null && <strong>{NOTICE_WORDS.order(isolated(denial.order))}. </strong>}
          {denial.appeal !== null && denial.appeal !== '' && (
            <>
              {NOTICE_WORDS.appeal}: <UserText>{denial.appeal}</UserText>
            </>
          )}
        </Text>
      )}
    </div>
  );
}

function Actions({ mail, folder }: { readonly mail: MailView; readonly folder: MailFolder }) {
  const { id, problem, to, cc } = mail;
  const navigate = useNavigate();
  const [removing, setRemoving] = useState(false);
  const leave = () => navigate({ to: '/mail/$folder', params: { folder } });
  const answering = useMutation({
    mutationFn: (kind: 'reply' | 'reply-all' | 'forward') => call('POST', '/mail/drafts', madeView, { kind, of: id }),
    onSuccess: (made) => navigate({ to: '/mail/$folder/$id', params: { folder: 'drafts', id: made.id } }),
  });
  const marking = useMutation({
    mutationFn: () => call('POST', '/mail/read', done, { mails: [id], unread: true }),
    onSuccess: leave,
  });
  const saving = useMutation({
    mutationFn: async () => saveFile(await blobOf(`/mail/mails/${id}/source`), `${id}.eml`),
  });
  const failed = [answering, marking, saving].find(({ isError }) => isError);
  const readable = problem === null;
  return (
    <>
      <Group gap="xs">
        {readable && (
          <Button
            size="xs"
            leftSection={<IconArrowBackUp size={16} aria-hidden className={classes.directed} />}
            onClick={() => answering.mutate('reply')}
          >
            {words.reply}
          </Button>
        )}
        {readable && to.length + cc.length > 1 && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowBackUpDouble size={16} aria-hidden className={classes.directed} />}
            onClick={() => answering.mutate('reply-all')}
          >
            {words.replyAll}
          </Button>
        )}
        {readable && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconArrowForwardUp size={16} aria-hidden className={classes.directed} />}
            onClick={() => answering.mutate('forward')}
          >
            {words.forward}
          </Button>
        )}
        {mail.folder === 'inbox' && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconMail size={16} aria-hidden />}
            onClick={() => marking.mutate()}
          >
            {words.markUnread}
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={16} aria-hidden />}
          loading={saving.isPending}
          onClick={() => saving.mutate()}
        >
          {words.saveSource}
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconTrash size={16} aria-hidden />}
          onClick={() => setRemoving(true)}
        >
          {words.remove}
        </Button>
      </Group>
      {failed && <Failure error={failed.error} />}
      <Confirm
        title={words.removeTitle}
        verb={words.removeSubmit}
        grave
        language={DIALOG_LANGUAGE}
        opened={removing}
        close={() => setRemoving(false)}
        act={async () => {
          await call('POST', '/mail/remove', done, { mails: [id] });
          await leave();
        }}
      >
        <Text size="sm">{words.removeText}</Text>
      </Confirm>
    </>
  );
}

function Files({ id, files }: { readonly id: string; readonly files: MailView['attachments'] }) {
  const saving = useMutation({
    mutationFn: async (index: number) =>
      saveFile(await blobOf(`/mail/mails/${id}/files/${index}`), fileName(files[index]?.name ?? 'file')),
  });
  return (
    <>
      <ul className={classes.files} aria-label={words.files}>
        {files.map(({ name, size }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the files of a mail do not change, and may have equal names
          <li key={index}>
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} aria-hidden />}
              loading={saving.isPending && saving.variables === index}
              onClick={() => saving.mutate(index)}
            >
              <VisuallyHidden>{words.saveFile} </VisuallyHidden>
              <span className={classes.fileName}>
                <UserText>{name}</UserText>
              </span>
              <span className={classes.size}>{bytes(size)}</span>
            </Button>
          </li>
        ))}
      </ul>
      {saving.isError && <Failure error={saving.error} />}
    </>
  );
}
