import { Button, CloseButton, TextInput, Title } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconEdit, IconSearch } from '@tabler/icons-react';
import { type KeyboardEvent, useRef, useState } from 'react';
import { Empty } from '../../../../shared/look/states.tsx';
import type { Conversation } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { ConversationItem } from './conversation-item.tsx';
import classes from './conversations.module.css';
import { SearchResults } from './search-results.tsx';
import { StartDialog } from './start-dialog.tsx';

const words = WORDS.list;
const STEPS: Readonly<Record<string, (at: number, last: number) => number>> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: (_at, last) => last,
};

export function ConversationList({
  conversations,
  me,
  chosen,
  canStart,
}: {
  readonly conversations: readonly Conversation[];
  readonly me: string | null;
  readonly chosen: string | null;
  readonly canStart: boolean;
}) {
  const [text, setText] = useState('');
  const [sought] = useDebouncedValue(text.trim(), 200);
  const [starting, setStarting] = useState(false);
  const pane = useRef<HTMLElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const matching = sought === '' ? conversations : conversations.filter((each) => matches(each, sought));
  const now = Date.now();

  function move(event: KeyboardEvent): void {
    const step = STEPS[event.key];
    const inField = event.target === field.current;
    if (event.key === 'Escape' && inField && text !== '') {
      event.stopPropagation();
      setText('');
      return;
    }
    if (!step || (inField && event.key !== 'ArrowDown')) return;
    const links = [...(pane.current?.querySelectorAll('a') ?? [])];
    const at = links.findIndex((link) => link.matches(':focus'));
    const next = step(at, links.length - 1);
    event.preventDefault();
    (next < 0 ? field.current : links[next])?.focus();
  }

  const items = (list: readonly Conversation[]) => (
    <ul className={classes.items}>
      {list.map((conversation) => (
        <ConversationItem
          key={conversation.id}
          conversation={conversation}
          me={me}
          chosen={conversation.id === chosen}
          now={now}
        />
      ))}
    </ul>
  );
  return (
    <>
      <nav ref={pane} aria-label={WORDS.conversations} onKeyDown={move} className={classes.pane}>
        <div className={classes.top}>
          <TextInput
            ref={field}
            type="search"
            className={classes.search}
            aria-label={words.search}
            placeholder={words.searching}
            leftSection={<IconSearch size={16} aria-hidden />}
            rightSection={
              text === '' ? null : <CloseButton size="sm" aria-label={WORDS.close} onClick={() => setText('')} />
            }
            value={text}
            onChange={({ currentTarget }) => setText(currentTarget.value)}
          />
          {canStart && (
            <Button aria-label={words.start} title={words.start} px="xs" onClick={() => setStarting(true)}>
              <IconEdit size={18} aria-hidden />
            </Button>
          )}
        </div>
        <div className={classes.scroll}>
          {sought !== '' ? (
            <>
              {matching.length > 0 && (
                <Title order={2} size="h6" className={classes.heading}>
                  {words.matches}
                </Title>
              )}
              {items(matching)}
              <SearchResults text={sought} conversations={conversations} alone={matching.length === 0} now={now} />
            </>
          ) : conversations.length === 0 ? (
            <Empty
              title={words.empty}
              action={canStart && <Button onClick={() => setStarting(true)}>{words.start}</Button>}
            >
              {words.emptyText}
            </Empty>
          ) : (
            items(conversations)
          )}
        </div>
      </nav>
      <StartDialog opened={starting} close={() => setStarting(false)} />
    </>
  );
}

function matches({ title, people }: Conversation, sought: string): boolean {
  const wanted = sought.toLocaleLowerCase();
  return [title ?? '', ...people.map(({ name }) => name)].some((name) => name.toLocaleLowerCase().includes(wanted));
}
