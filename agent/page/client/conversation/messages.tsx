import { Button, VisuallyHidden } from '@mantine/core';
import { type InfiniteData, type UseInfiniteQueryResult, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, type RefObject, useEffect, useId, useRef, useState } from 'react';
import { Empty, QueryResult } from '../../../../shared/look/states.tsx';
import type { Conversation, Message } from '../../api.ts';
import { messagesQuery, messagingStatusQuery } from '../client/queries.ts';
import { WORDS } from '../words/english.ts';
import { isolated, nameOf } from '../words/names.ts';
import classes from './conversation.module.css';
import { byDay, type Day, follows } from './days.ts';
import { MessageItem } from './message-item.tsx';
import { useReadReports } from './use-read-reports.ts';

const words = WORDS.conversation;

export function Messages({
  conversation,
  sought,
}: {
  readonly conversation: Conversation;
  readonly sought: string | null;
}) {
  const query = useInfiniteQuery(messagesQuery(conversation.id));
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const messages = data?.pages.toReversed().flat() ?? [];
  useReadReports(conversation.id, messages);
  const list = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState<string | null>(null);
  const here = messages.some(({ id }) => id === active) ? active : (messages.at(-1)?.id ?? null);
  const isThere = sought === null || messages.some(({ id }) => id === sought);

  useEarlierPagesUntil(isThere, query);
  useEffect(() => {
    if (sought === null || !isThere) return;
    setActive(sought);
    const found = list.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(sought)}"]`);
    found?.scrollIntoView({ block: 'center' });
    found?.focus({ preventScroll: true });
  }, [sought, isThere]);

  const earlier = useEarlierPageOnScroll(query);

  function move(event: KeyboardEvent): void {
    if (!(event.target instanceof HTMLElement) || event.target.dataset['message'] === undefined) return;
    const at = messages.findIndex(({ id }) => id === here);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: messages.length - 1 }[event.key];
    const next = to === undefined ? undefined : messages[to];
    if (to === undefined) return;
    event.preventDefault();
    if (!next) return;
    setActive(next.id);
    list.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(next.id)}"]`)?.focus();
  }

  return (
    <div className={classes.scroll}>
      <section
        ref={list}
        className={classes.messages}
        aria-label={words.messages(nameOf(conversation))}
        onKeyDown={move}
      >
        {hasNextPage && (
          <div ref={earlier} className={classes.earlier}>
            <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              {words.earlier}
            </Button>
          </div>
        )}
        <QueryResult query={query}>
          {() =>
            messages.length === 0 ? (
              <Empty title={words.empty}>{words.emptyText}</Empty>
            ) : (
              byDay(messages, Date.now()).map((day) => (
                <DayOfMessages
                  key={day.messages[0]?.id}
                  day={day}
                  conversation={conversation}
                  active={here}
                  sought={sought}
                  last={messages.findLast(({ mine }) => mine)?.id ?? null}
                  activate={setActive}
                />
              ))
            )
          }
        </QueryResult>
      </section>
      <Arrivals conversation={conversation} messages={messages} />
    </div>
  );
}

type MessagesQuery = Pick<
  UseInfiniteQueryResult<InfiniteData<readonly Message[]>>,
  'data' | 'hasNextPage' | 'isFetching' | 'fetchNextPage'
>;

function useEarlierPagesUntil(isThere: boolean, { data, fetchNextPage }: MessagesQuery): void {
  // Loads all remaining pages. A change event reloads the list and cancels a page that is loading, so the loop waits for each response.
  const isKnown = data !== undefined;
  useEffect(() => {
    if (!isKnown || isThere) return;
    let left = false;
    const seek = async () => {
      for (let more = true; more && !left; ) {
        const { hasNextPage, isError } = await fetchNextPage({ cancelRefetch: false });
        more = hasNextPage && !isError;
      }
    };
    void seek();
    return () => {
      left = true;
    };
  }, [isKnown, isThere, fetchNextPage]);
}

function useEarlierPageOnScroll({
  hasNextPage,
  isFetching,
  fetchNextPage,
}: MessagesQuery): RefObject<HTMLDivElement | null> {
  const earlier = useRef<HTMLDivElement>(null);
  // Loads the next page when the user scrolls to the end of the list. A report of read messages reloads the list and can cancel a page that
  // is loading. The effect therefore checks again after each response.
  useEffect(() => {
    const top = earlier.current;
    if (!top || !hasNextPage || isFetching) return;
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && void fetchNextPage());
    watch.observe(top);
    return () => watch.disconnect();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return earlier;
}

function DayOfMessages({
  day: { name, messages },
  conversation,
  active,
  sought,
  last,
  activate,
}: {
  readonly day: Day;
  readonly conversation: Conversation;
  readonly active: string | null;
  readonly sought: string | null;
  readonly last: string | null;
  readonly activate: (id: string) => void;
}) {
  const id = useId();
  const notices = useQuery(messagingStatusQuery).data?.notices ?? [];
  const named = conversation.people.length > 1 || conversation.title !== null;
  const sure = new Set(conversation.people.filter(({ verified }) => verified).map(({ person }) => person));
  return (
    <div className={classes.day}>
      <h3 id={id} className={classes.date}>
        {name}
      </h3>
      <ol className={classes.list} aria-labelledby={id}>
        {messages.map((message, at) => (
          <MessageItem
            key={message.id}
            message={message}
            follows={follows(message, messages[at - 1])}
            named={named}
            trusted={message.mine || (message.from !== null && sure.has(message.from.person))}
            active={message.id === active}
            sought={message.id === sought}
            last={message.id === last}
            activate={activate}
            notices={notices}
          />
        ))}
      </ol>
    </div>
  );
}

/** Announces new messages to screen readers, but not earlier messages that the user loads. */
function Arrivals({
  conversation,
  messages,
}: {
  readonly conversation: Conversation;
  readonly messages: readonly Message[];
}) {
  const [said, setSaid] = useState('');
  const newest = useRef<number | null>(null);
  useEffect(() => {
    const last = messages.at(-1)?.at ?? null;
    const before = newest.current;
    newest.current = last ?? before;
    if (before === null) return;
    const news = messages.filter(({ at, mine }) => at > before && !mine);
    if (news.length === 0) return;
    setSaid(
      news
        .map(({ from, text, attachments }) =>
          words.arrived(
            isolated(from?.name ?? nameOf(conversation)),
            text || WORDS.attachment.only(attachments.length),
          ),
        )
        .join('\n'),
    );
  }, [conversation, messages]);
  return (
    <VisuallyHidden role="log" aria-live="polite">
      {said}
    </VisuallyHidden>
  );
}
