/** Around everything: where messages stand on this device, the notice of an order that suspends them, and the two panes. */
import { Alert, Stack, Text, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconLock, IconPlugConnectedX, IconShieldQuestion, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useParams } from '@tanstack/react-router';
import { useEffect } from 'react';
import { Answer } from '../../../../shared/look/states.tsx';
import { dateTime } from '../../../../shared/look/time-words.ts';
import type { Conversation, Standing } from '../../api.ts';
import { useLive } from '../client/live.tsx';
import { conversationsQuery, standingQuery } from '../client/queries.ts';
import { ConversationList } from '../conversations/conversation-list.tsx';
import { ComingOrders } from '../orders/coming-orders.tsx';
import { DenialBanner } from '../orders/denial-banner.tsx';
import { WORDS } from '../words/english.ts';
import { nameOf } from '../words/names.ts';
import classes from './frame.module.css';
import { Menu } from './menu.tsx';

const ICONS = { uncertified: IconShieldQuestion, locked: IconLock, wiped: IconTrash };

export function Frame() {
  const standing = useQuery(standingQuery);
  const { id } = useParams({ strict: false });
  useNothingElse();
  return (
    <div className={classes.frame} data-chosen={id !== undefined || undefined}>
      <a className={classes.skip} href="#main">
        {WORDS.skip}
      </a>
      <header className={classes.header}>
        <img src="/icon.svg" alt="" width={26} height={26} />
        <Title order={1} size="h5" className={classes.brand}>
          {WORDS.title}
        </Title>
        <Menu standing={standing.data ?? null} />
      </header>
      <Reach standing={standing.data ?? null} />
      <Answer query={standing}>{(data) => <Panes standing={data} id={id ?? null} />}</Answer>
    </div>
  );
}

function Panes({ standing, id }: { readonly standing: Standing; readonly id: string | null }) {
  const { state } = standing;
  const phone = useMediaQuery('(max-width: 48em)');
  const readable = state !== 'locked' && state !== 'wiped';
  const conversations = useQuery({ ...conversationsQuery, enabled: readable });
  useTitle(readable ? (conversations.data ?? []) : [], id);
  return (
    <>
      <div className={classes.notices}>
        {standing.denials.length > 0 || state === 'denied' ? (
          <DenialBanner standing={standing} folded={phone && id !== null} />
        ) : null}
        <ComingOrders standing={standing} />
        {state === 'uncertified' && <StateNotice state={state} text={WORDS.states.uncertifiedText} />}
      </div>
      {readable ? (
        <main className={classes.panes}>
          <div className={classes.list}>
            <Answer query={conversations}>
              {(list) => (
                <ConversationList
                  conversations={list}
                  me={standing.me?.name ?? null}
                  chosen={id}
                  canStart={state === 'ready'}
                />
              )}
            </Answer>
          </div>
          <section id="main" tabIndex={-1} className={classes.main} aria-label={WORDS.conversation.name}>
            <Outlet />
          </section>
        </main>
      ) : (
        <main id="main" tabIndex={-1} className={classes.alone}>
          <StateNotice state={state} text={unreadableText(standing)} />
        </main>
      )}
    </>
  );
}

/** An order that ended service for good leaves another way back than an admin who wiped. */
function unreadableText({ state, notices }: Standing): string {
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

/** Says that something is missing between here and the others, and nothing while all is well. */
function Reach({ standing }: { readonly standing: Standing | null }) {
  const live = useLive();
  const words = live ? standing && missingWords(standing) : WORDS.live.gone;
  return (
    <div className={classes.reach} role="status">
      {words !== null && (
        <>
          <IconPlugConnectedX size={18} aria-hidden /> <span>{words}</span>
        </>
      )}
    </div>
  );
}

function missingWords({ connected, listExpired }: Standing): string | null {
  if (!connected) return WORDS.live.offline;
  return listExpired === null ? null : WORDS.live.stale(dateTime(listExpired));
}

/** A file that is dropped where nothing takes it would be opened in the place of this page. */
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

function useTitle(conversations: readonly Conversation[], id: string | null): void {
  const unread = conversations.reduce((sum, { unread: each }) => sum + each, 0);
  const chosen = conversations.find((each) => each.id === id);
  const what = chosen ? `${nameOf(chosen)} · ${WORDS.title}` : WORDS.title;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ''}${what} · ${WORDS.product}`;
  }, [unread, what]);
}
