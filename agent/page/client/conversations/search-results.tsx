import { Title } from '@mantine/core';
import { IconPaperclip } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Empty, QueryResult } from '../../../../shared/look/states.tsx';
import { UserText } from '../../../../shared/look/user-text.tsx';
import { type Conversation, holds, type Message } from '../../api.ts';
import { searchQuery } from '../client/queries.ts';
import { WORDS } from '../words/english.ts';
import { fileName } from '../words/names.ts';
import { ConversationName, Face } from './conversation-name.tsx';
import classes from './conversations.module.css';
import { shortTime } from './short-time.ts';

const words = WORDS.list;

export function SearchResults({
  text,
  conversations,
  alone,
  now,
}: {
  readonly text: string;
  readonly conversations: readonly Conversation[];
  readonly alone: boolean;
  readonly now: number;
}) {
  const found = useQuery(searchQuery(text));
  const byId = new Map(conversations.map((each) => [each.id, each]));
  return (
    <QueryResult query={found}>
      {(messages) =>
        messages.length === 0 ? (
          alone && <Empty title={words.nothing}>{words.nothingText}</Empty>
        ) : (
          <>
            <Title order={2} size="h6" className={classes.heading}>
              {words.found}
            </Title>
            <ul className={classes.items}>
              {messages.map((message) => {
                const { id, conversation, from, mine, at, text: said } = message;
                const where = byId.get(conversation);
                const file = fileOf(message, text);
                return (
                  <li key={id}>
                    <Link
                      to="/conversations/$id"
                      params={{ id: conversation }}
                      search={{ message: id }}
                      className={classes.item}
                    >
                      {where ? <Face {...where} /> : <span />}
                      <span className={classes.lines}>
                        <span className={classes.name}>
                          <span>{where && <ConversationName {...where} />}</span>
                        </span>
                        <span className={classes.last}>
                          <span>
                            {mine ? words.you : from && <UserText>{from.name}</UserText>}
                            {(mine || from) && ': '}
                            <UserText>{said}</UserText>
                          </span>
                        </span>
                        {file !== undefined && (
                          <span className={classes.last}>
                            <IconPaperclip size={14} aria-hidden />
                            <span>
                              <UserText>{fileName(file)}</UserText>
                            </span>
                          </span>
                        )}
                      </span>
                      <span className={classes.side}>
                        <time dateTime={new Date(at).toISOString()}>{shortTime(at, now)}</time>
                      </span>
                    </Link>
                  </li>
                );
              })}
            </ul>
          </>
        )
      }
    </QueryResult>
  );
}

/** Returns the first file whose name matches the search. If no file matches and the message has no text, returns its first file. */
function fileOf({ text, attachments }: Message, sought: string): string | undefined {
  const names = attachments.map(({ name }) => name);
  return names.find((name) => holds(name, sought)) ?? (text === '' ? names[0] : undefined);
}
