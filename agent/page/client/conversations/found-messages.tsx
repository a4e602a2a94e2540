/** Messages that hold what was sought, each a way to its place. */
import { Title } from '@mantine/core';
import { IconPaperclip } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Given } from '../../../../shared/look/given.tsx';
import { Answer, Empty } from '../../../../shared/look/states.tsx';
import { type Conversation, holds, type Message } from '../../api.ts';
import { searchQuery } from '../client/queries.ts';
import { WORDS } from '../words/english.ts';
import { fileName } from '../words/names.ts';
import { ConversationName, Face } from './conversation-name.tsx';
import classes from './conversations.module.css';
import { shortMoment } from './moment.ts';

const words = WORDS.list;

export function FoundMessages({
  text,
  conversations,
  alone,
  now,
}: {
  readonly text: string;
  readonly conversations: readonly Conversation[];
  /** Nothing else was found. */
  readonly alone: boolean;
  readonly now: number;
}) {
  const found = useQuery(searchQuery(text));
  const byId = new Map(conversations.map((each) => [each.id, each]));
  return (
    <Answer query={found}>
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
                            {mine ? words.you : from && <Given>{from.name}</Given>}
                            {(mine || from) && ': '}
                            <Given>{said}</Given>
                          </span>
                        </span>
                        {file !== undefined && (
                          <span className={classes.last}>
                            <IconPaperclip size={14} aria-hidden />
                            <span>
                              <Given>{fileName(file)}</Given>
                            </span>
                          </span>
                        )}
                      </span>
                      <span className={classes.side}>
                        <time dateTime={new Date(at).toISOString()}>{shortMoment(at, now)}</time>
                      </span>
                    </Link>
                  </li>
                );
              })}
            </ul>
          </>
        )
      }
    </Answer>
  );
}

/** The one that was found by its name; where no words say anything, the first there is. */
function fileOf({ text, attachments }: Message, sought: string): string | undefined {
  const names = attachments.map(({ name }) => name);
  return names.find((name) => holds(name, sought)) ?? (text === '' ? names[0] : undefined);
}
