import { Badge, Button, CloseButton, TextInput, Title, VisuallyHidden } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconEdit, IconPaperclip, IconSearch } from '@tabler/icons-react';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type KeyboardEvent, useRef, useState } from 'react';
import { Empty, Failure, QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { madeView } from '../../api.ts';
import { MAIL_FOLDERS, type MailFolder, type MailItem, type MailStatus } from '../../mail-api.ts';
import { call } from '../client/call.ts';
import listClasses from '../conversations/conversations.module.css';
import { createShortTime } from '../conversations/short-time.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { NOTICE_WORDS } from '../words/notice-words.ts';
import classes from './mail.module.css';
import { nameOf } from './mail-people.tsx';
import { folderQuery, mailSearchQuery } from './mail-queries.ts';

const words = MAIL_WORDS;
const shortTime = createShortTime(NOTICE_WORDS.tag);
const STEPS: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: (_at, last) => last,
};

export function MailList({
  status,
  folder,
  chosen,
}: {
  readonly status: MailStatus;
  readonly folder: MailFolder;
  readonly chosen: string | null;
}) {
  const [text, setText] = useState('');
  const [sought] = useDebouncedValue(text.trim(), 200);
  const pane = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const writing = useMutation({
    mutationFn: () => call('POST', '/mail/drafts', madeView, { kind: 'new', of: null }),
    onSuccess: ({ id }) => navigate({ to: '/mail/$folder/$id', params: { folder: 'drafts', id } }),
  });

  function move(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const inField = event.target === field.current;
    if (event.key === 'Escape' && inField && text !== '') {
      event.stopPropagation();
      setText('');
      return;
    }
    if (!step || (inField && event.key !== 'ArrowDown')) return;
    const links = [...(pane.current?.querySelectorAll<HTMLAnchorElement>('a[data-mail]') ?? [])];
    const next = step(
      links.findIndex((link) => link.matches(':focus')),
      links.length - 1,
    );
    event.preventDefault();
    (next < 0 ? field.current : links[next])?.focus();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys are an addition to the tab key
    <div ref={pane} onKeyDown={move} className={listClasses.pane}>
      <div className={listClasses.top}>
        <TextInput
          ref={field}
          type="search"
          className={listClasses.search}
          aria-label={words.search}
          placeholder={words.searching}
          leftSection={<IconSearch size={16} aria-hidden />}
          rightSection={
            text === '' ? null : <CloseButton size="sm" aria-label={words.close} onClick={() => setText('')} />
          }
          value={text}
          onChange={({ currentTarget }) => setText(currentTarget.value)}
        />
        <Button
          aria-label={words.write}
          title={words.write}
          px="xs"
          loading={writing.isPending}
          onClick={() => writing.mutate()}
        >
          <IconEdit size={18} aria-hidden />
        </Button>
      </div>
      {writing.isError && <Failure error={writing.error} />}
      <nav aria-label={words.folders} className={classes.folders}>
        {MAIL_FOLDERS.map((each) => (
          <Link
            key={each}
            to="/mail/$folder"
            params={{ folder: each }}
            className={classes.folder}
            {...(each === folder && { 'aria-current': 'page' as const })}
          >
            {words.folder[each]}
            {each === 'inbox' && status.unread > 0 && (
              <span className={listClasses.count}>
                <span aria-hidden>{status.unread}</span>
                <VisuallyHidden>{words.unread(status.unread)}</VisuallyHidden>
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div className={listClasses.scroll}>
        {sought === '' ? <Folder folder={folder} chosen={chosen} /> : <Found text={sought} chosen={chosen} />}
      </div>
    </div>
  );
}

function Folder({ folder, chosen }: { readonly folder: MailFolder; readonly chosen: string | null }) {
  const query = useInfiniteQuery(folderQuery(folder));
  if (query.isError) return <Failure error={query.error} retry={() => void query.refetch()} />;
  const mails = query.data?.pages.flat();
  if (!mails) return null;
  if (mails.length === 0) return <Empty title={words.empty[folder].title}>{words.empty[folder].text}</Empty>;
  return (
    <>
      <Items mails={mails} chosen={chosen} label={words.folder[folder]} />
      {query.hasNextPage && (
        <Button
          variant="default"
          fullWidth
          mt="xs"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {words.older}
        </Button>
      )}
    </>
  );
}

function Found({ text, chosen }: { readonly text: string; readonly chosen: string | null }) {
  const query = useQuery(mailSearchQuery(text));
  return (
    <QueryResult query={query}>
      {({ mails, isComplete }) =>
        mails.length === 0 ? (
          <Empty title={words.nothing}>{words.nothingText}</Empty>
        ) : (
          <>
            <Title order={2} size="h6" className={listClasses.heading}>
              {words.found}
            </Title>
            <Items mails={mails} chosen={chosen} label={words.found} />
            {!isComplete && <p className={classes.note}>{words.incomplete}</p>}
          </>
        )
      }
    </QueryResult>
  );
}

function Items({
  mails,
  chosen,
  label,
}: {
  readonly mails: readonly MailItem[];
  readonly chosen: string | null;
  readonly label: string;
}) {
  const now = Date.now();
  return (
    <ul className={listClasses.items} aria-label={label}>
      {mails.map((mail) => (
        <Item key={mail.id} mail={mail} isChosen={mail.id === chosen} now={now} />
      ))}
    </ul>
  );
}

function Item({ mail, isChosen, now }: { readonly mail: MailItem; readonly isChosen: boolean; readonly now: number }) {
  const { id, folder, unread, at, from, to, subject, excerpt, files, delivery, problem } = mail;
  const state = delivery && delivery.state !== 'sent' && delivery.state !== 'delivered' ? delivery.state : null;
  const people =
    folder === 'inbox' ? (from ? nameOf(from) : words.unknownSender) : to.map(nameOf).join(', ') || words.noRecipient;
  return (
    <li>
      <Link
        to="/mail/$folder/$id"
        params={{ folder, id }}
        className={`${listClasses.item} ${classes.item}`}
        data-mail={id}
        data-unread={unread || undefined}
        {...(isChosen && { 'aria-current': 'page' as const })}
      >
        <span className={listClasses.lines}>
          <span className={classes.who}>
            {unread && <VisuallyHidden>{words.isUnread}: </VisuallyHidden>}
            <UserText>{people}</UserText>
          </span>
          <span className={classes.subject}>
            {problem !== null ? (
              words.reader.problem
            ) : subject === '' ? (
              words.noSubject
            ) : (
              <UserText>{subject}</UserText>
            )}
          </span>
          <span className={classes.excerpt}>
            <UserText>{problem ?? excerpt}</UserText>
          </span>
        </span>
        <span className={listClasses.side}>
          <time dateTime={new Date(at).toISOString()}>{shortTime(at, now)}</time>
          {files > 0 && (
            <span>
              <IconPaperclip size={14} aria-hidden />
              <VisuallyHidden>{words.filesOf(files)}</VisuallyHidden>
            </span>
          )}
          {state && (
            <Badge size="sm" variant="default" className={classes.badge}>
              {MAIL_WORDS.state[state].name}
            </Badge>
          )}
        </span>
      </Link>
    </li>
  );
}
