import { Title, VisuallyHidden } from '@mantine/core';
import { IconMail, IconMessages, IconPlugConnectedX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { useLive } from '../../../../shared/look/live-updates.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { MessagingStatus } from '../../api.ts';
import { messagingStatusQuery, passcodeQuery } from '../client/queries.ts';
import listClasses from '../conversations/conversations.module.css';
import { LostModeBanner } from '../lost-mode/lost-mode-banner.tsx';
import { mailStatusQuery } from '../mail/mail-queries.ts';
import { EnterPasscode } from '../passcode/enter-passcode.tsx';
import { PasscodeBanner } from '../passcode/passcode-banner.tsx';
import { PolicyBanner } from '../policy/policy-banner.tsx';
import { WORDS } from '../words/english.ts';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { inReadersLanguage } from '../words/notice-words.ts';
import classes from './frame.module.css';
import { Menu } from './menu.tsx';

export function Frame() {
  const messagingStatus = useQuery(messagingStatusQuery);
  const { id } = useParams({ strict: false });
  const waits = useQuery(passcodeQuery).data?.workspace === 'passcode';
  const isMail = useLocation().pathname.startsWith('/mail');
  useNothingElse();
  return (
    <div className={classes.frame} data-chosen={id !== undefined || undefined}>
      <a className={classes.skip} href="#main" {...(isMail && inReadersLanguage)}>
        {isMail ? MAIL_WORDS.skip : WORDS.skip}
      </a>
      <header className={classes.header}>
        <img src="/icon.svg" alt="" width={26} height={26} />
        <Title order={1} size="h5" className={classes.brand} {...(isMail && { lang: inReadersLanguage.lang })}>
          {isMail ? MAIL_WORDS.title : WORDS.title}
        </Title>
        <Areas isMail={isMail} />
        <Menu messagingStatus={messagingStatus.data ?? null} />
      </header>
      <ConnectionLine messagingStatus={messagingStatus.data ?? null} />
      <LostModeBanner />
      <PolicyBanner />
      <PasscodeBanner />
      {waits ? <EnterPasscode /> : <Outlet />}
    </div>
  );
}

/** Navigation of the device page: links to messages and mail. */
function Areas({ isMail }: { readonly isMail: boolean }) {
  const unread = useQuery(mailStatusQuery).data?.unread ?? 0;
  const current = (is: boolean) => is && { 'aria-current': 'page' as const };
  return (
    <nav aria-label={WORDS.areas} className={classes.areas}>
      <Link to="/" className={classes.area} {...current(!isMail)}>
        <IconMessages size={18} aria-hidden />
        <span>{WORDS.title}</span>
      </Link>
      <Link
        to="/mail/$folder"
        params={{ folder: 'inbox' }}
        className={classes.area}
        {...inReadersLanguage}
        {...current(isMail)}
      >
        <IconMail size={18} aria-hidden />
        <span>{MAIL_WORDS.title}</span>
        {unread > 0 && (
          <span className={listClasses.count}>
            <span aria-hidden>{unread}</span>
            <VisuallyHidden>{MAIL_WORDS.unread(unread)}</VisuallyHidden>
          </span>
        )}
      </Link>
    </nav>
  );
}

function ConnectionLine({ messagingStatus }: { readonly messagingStatus: MessagingStatus | null }) {
  const live = useLive();
  const words = live ? messagingStatus && missingWords(messagingStatus) : WORDS.live.gone;
  return (
    <div className={classes.connection} role="status">
      {words !== null && (
        <>
          <IconPlugConnectedX size={18} aria-hidden /> <span>{words}</span>
        </>
      )}
    </div>
  );
}

function missingWords({ connected, unrestored, listExpired }: MessagingStatus): string | null {
  if (unrestored) return WORDS.live.unrestored;
  if (!connected) return WORDS.live.offline;
  return listExpired === null ? null : WORDS.live.stale(dateTime(listExpired));
}

/**
 * Prevents the browser from opening a file that the user drops outside the conversation, because the file would replace the agent's web
 * page.
 */
function useNothingElse(): void {
  useEffect(() => {
    const keep = (event: DragEvent) => {
      if (event.defaultPrevented || !event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'none';
    };
    addEventListener('dragover', keep);
    addEventListener('drop', keep);
    return () => {
      removeEventListener('dragover', keep);
      removeEventListener('drop', keep);
    };
  }, []);
}
