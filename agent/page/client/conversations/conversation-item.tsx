import { VisuallyHidden } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { Conversation } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { ConversationName, Face } from './conversation-name.tsx';
import classes from './conversations.module.css';
import { shortTime } from './short-time.ts';
import { isVerified, VerifiedIcon } from './verified-mark.tsx';

const words = WORDS.list;

export function ConversationItem({
  conversation,
  me,
  chosen,
  now,
}: {
  readonly conversation: Conversation;
  readonly me: string | null;
  readonly chosen: boolean;
  readonly now: number;
}) {
  const { id, people, unread, last, state } = conversation;
  const verified = isVerified(conversation);
  return (
    <li>
      <Link
        to="/conversations/$id"
        params={{ id }}
        className={classes.item}
        data-conversation={id}
        data-unread={unread > 0 || undefined}
        {...(chosen && { 'aria-current': 'page' as const })}
      >
        <Face {...conversation} />
        <span className={classes.lines}>
          <span className={classes.name}>
            <span>
              <ConversationName {...conversation} />
            </span>
            {verified !== null && <VerifiedIcon verified={verified} />}
          </span>
          <span className={classes.last}>
            {state !== 'ready' ? (
              <span>{words[state]}</span>
            ) : (
              last && (
                <span>
                  {(people.length > 1 || last.from === me) && last.from !== '' && (
                    <>{last.from === me ? words.you : <UserText>{last.from}</UserText>}: </>
                  )}
                  <UserText>{last.text}</UserText>
                </span>
              )
            )}
          </span>
        </span>
        <span className={classes.side}>
          {last && <time dateTime={new Date(last.at).toISOString()}>{shortTime(last.at, now)}</time>}
          {unread > 0 && (
            <span className={classes.count}>
              <span aria-hidden>{unread}</span>
              <VisuallyHidden>{words.unread(unread)}</VisuallyHidden>
            </span>
          )}
        </span>
      </Link>
    </li>
  );
}
