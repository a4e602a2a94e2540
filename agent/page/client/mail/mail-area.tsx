import { Alert, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconInfoCircle, IconLock, IconMailOff, IconShieldQuestion, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect } from 'react';
import { Empty, QueryResult } from '../../../../shared/look/states.tsx';
import { MAIL_FOLDERS, type MailFolder, type MailStatus } from '../../mail-api.ts';
import frame from '../app/frame.module.css';
import { WORDS } from '../words/english.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { inReadersLanguage } from '../words/notice-words.ts';
import { MailBanner } from './mail-banner.tsx';
import { MailEditor } from './mail-editor.tsx';
import { MailList } from './mail-list.tsx';
import { mailStatusQuery } from './mail-queries.ts';
import { MailReader } from './mail-reader.tsx';

type Noted = keyof typeof MAIL_WORDS.states;
const ICONS: Readonly<Record<Noted, typeof IconLock>> = {
  locked: IconLock,
  wiped: IconTrash,
  uncertified: IconShieldQuestion,
  'no-connector': IconMailOff,
  'no-address': IconInfoCircle,
};

export const folderOf = (folder: string | undefined): MailFolder =>
  MAIL_FOLDERS.find((each) => each === folder) ?? 'inbox';

/** The user's mail: folders with a list, and the chosen mail or draft. */
export function MailArea() {
  const query = useQuery(mailStatusQuery);
  const { id, folder } = useParams({ strict: false });
  useTitle(query.data?.unread ?? 0);
  return (
    <QueryResult query={query}>
      {(status) => <Panes status={status} folder={folderOf(folder)} id={id ?? null} />}
    </QueryResult>
  );
}

function Panes({
  status,
  folder,
  id,
}: {
  readonly status: MailStatus;
  readonly folder: MailFolder;
  readonly id: string | null;
}) {
  const { state, denials, restricted } = status;
  const navigate = useNavigate();
  const isPhone = useMediaQuery('(max-width: 48em)');
  const isReadable = state !== 'passcode' && state !== 'locked' && state !== 'wiped';

  /** Escape leaves the mail. The focus then returns to the list, which is a separate page on a phone. */
  function leave({ key, target, defaultPrevented }: KeyboardEvent): void {
    if (key !== 'Escape' || defaultPrevented || !(target instanceof Element) || target.closest('[role=dialog]')) return;
    const back = () => document.querySelector<HTMLElement>(`[data-mail="${CSS.escape(id ?? '')}"]`)?.focus();
    void navigate({ to: '/mail/$folder', params: { folder } }).then(() => requestAnimationFrame(back));
  }

  if (!isReadable) {
    return (
      <main id="main" tabIndex={-1} className={frame.alone} {...inReadersLanguage}>
        {/* The frame shows the form for the passcode. */}
        {state !== 'passcode' && <StateNotice state={state} />}
      </main>
    );
  }
  return (
    <>
      <div className={frame.notices} {...inReadersLanguage}>
        {(denials.length > 0 || (state === 'denied' && !restricted)) && (
          <MailBanner denials={denials} folded={isPhone && id !== null} />
        )}
        {state in ICONS && <StateNotice state={state as Noted} />}
      </div>
      <main className={frame.panes} {...inReadersLanguage}>
        <div className={frame.list}>
          <MailList status={status} folder={folder} chosen={id} />
        </div>
        <section id="main" tabIndex={-1} className={frame.main} aria-label={MAIL_WORDS.title} onKeyDown={leave}>
          <Outlet />
        </section>
      </main>
    </>
  );
}

function StateNotice({ state }: { readonly state: Noted }) {
  const Icon = ICONS[state];
  const isGrave = state === 'locked' || state === 'wiped';
  return (
    <Alert color={isGrave ? 'red' : 'yellow'} icon={<Icon aria-hidden />} role="status">
      <Title order={2} size="h5">
        {MAIL_WORDS.states[state].title}
      </Title>
      <Text size="sm">{MAIL_WORDS.states[state].text}</Text>
    </Alert>
  );
}

export function NoMail() {
  return <Empty title={MAIL_WORDS.choose}>{MAIL_WORDS.chooseText}</Empty>;
}

export function ChosenMail({ id, folder }: { readonly id: string; readonly folder: string }) {
  const chosen = folderOf(folder);
  return chosen === 'drafts' ? <MailEditor key={id} id={id} /> : <MailReader key={id} id={id} folder={chosen} />;
}

function useTitle(unread: number): void {
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${MAIL_WORDS.title} · ${WORDS.product}`;
  }, [unread]);
}
