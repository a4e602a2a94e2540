import { Alert, Stack, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconLock, IconShieldQuestion, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { QueryResult } from '../../../../shared/look/states.tsx';
import type { Conversation, MessagingStatus } from '../../api.ts';
import { NewAdminMessages } from '../admin-messages/admin-messages.tsx';
import { conversationsQuery, messagingStatusQuery } from '../client/queries.ts';
import { ConversationList } from '../conversations/conversation-list.tsx';
import { AnnouncedOrders } from '../orders/announced-orders.tsx';
import { DenialBanner } from '../orders/denial-banner.tsx';
import { PowerCountdown } from '../power/power-countdown.tsx';
import { NewCollection } from '../privacy/privacy-dialog.tsx';
import { WaitingUpdate } from '../update/waiting-update.tsx';
import { WORDS } from '../words/english.ts';
import { nameOf } from '../words/names.ts';
import classes from './frame.module.css';

const ICONS = { uncertified: IconShieldQuestion, locked: IconLock, wiped: IconTrash };

/** The user's conversations: the list, and the chosen conversation. */
export function MessagesArea() {
  const messagingStatus = useQuery(messagingStatusQuery);
  const { id } = useParams({ strict: false });
  return (
    <QueryResult query={messagingStatus}>{(data) => <Panes messagingStatus={data} id={id ?? null} />}</QueryResult>
  );
}

function Panes({ messagingStatus, id }: { readonly messagingStatus: MessagingStatus; readonly id: string | null }) {
  const { state } = messagingStatus;
  const phone = useMediaQuery('(max-width: 48em)');
  const readable = isReadable(state);
  const conversations = useQuery({ ...conversationsQuery, enabled: readable });
  useTitle(readable ? (conversations.data ?? []) : [], id);
  return (
    <>
      <div className={classes.notices}>
        <PowerCountdown />
        <WaitingUpdate />
        <NewAdminMessages />
        <NewCollection />
        {messagingStatus.denials.length > 0 || (state === 'denied' && !messagingStatus.restricted) ? (
          <DenialBanner messagingStatus={messagingStatus} collapsed={phone && id !== null} />
        ) : null}
        <AnnouncedOrders messagingStatus={messagingStatus} />
        {state === 'uncertified' && <StateNotice state={state} text={WORDS.states.uncertifiedText} />}
      </div>
      {readable ? (
        <main className={classes.panes}>
          <div className={classes.list}>
            <QueryResult query={conversations}>
              {(list) => (
                <ConversationList
                  conversations={list}
                  me={messagingStatus.me?.name ?? null}
                  chosen={id}
                  canStart={state === 'ready'}
                />
              )}
            </QueryResult>
          </div>
          <section id="main" tabIndex={-1} className={classes.main} aria-label={WORDS.conversation.name}>
            <Outlet />
          </section>
        </main>
      ) : (
        <main id="main" tabIndex={-1} className={classes.alone}>
          {/* The frame shows the form for the passcode. */}
          {state !== 'passcode' && <StateNotice state={state} text={unreadableText(messagingStatus)} />}
        </main>
      )}
    </>
  );
}

/**
 * Explains to the user why the messages are unreadable. The steps to restore messaging differ between a wipe that an order requires and a
 * wipe by an admin.
 */
function unreadableText({ state, notices }: MessagingStatus): string {
  if (state !== 'wiped') return WORDS.states.lockedText;
  const byOrder = notices.some(({ exit }) => exit !== null && exit.wiped !== null);
  return byOrder ? WORDS.states.wipedByOrderText : WORDS.states.wipedText;
}

function StateNotice({ state, text }: { readonly state: keyof typeof ICONS; readonly text: string }) {
  const Icon = ICONS[state];
  return (
    <Alert color={state === 'uncertified' ? 'yellow' : 'red'} icon={<Icon aria-hidden />} role="status">
      <Stack gap={4}>
        <Title order={2} size="h5">
          {WORDS.states[state]}
        </Title>
        <Text size="sm">{text}</Text>
      </Stack>
    </Alert>
  );
}

const isReadable = (state: MessagingStatus['state']): state is Exclude<typeof state, 'passcode' | 'locked' | 'wiped'> =>
  state !== 'passcode' && state !== 'locked' && state !== 'wiped';

function useTitle(conversations: readonly Conversation[], id: string | null): void {
  const unread = conversations.reduce((sum, { unread: each }) => sum + each, 0);
  const chosen = conversations.find((each) => each.id === id);
  const what = chosen ? `${nameOf(chosen)} · ${WORDS.title}` : WORDS.title;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${what} · ${WORDS.product}`;
  }, [unread, what]);
}
