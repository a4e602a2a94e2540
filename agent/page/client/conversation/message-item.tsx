import { dateTime } from '../../../../shared/look/time-words.ts';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { Message, Notice } from '../../api.ts';
import { timeOfDay } from '../conversations/short-time.ts';
import { STATE_WORDS, WORDS } from '../words/english.ts';
import { AttachmentCard } from './attachment-card.tsx';
import classes from './conversation.module.css';
import { StateMark } from './state-mark.tsx';

export interface MessageItemProps {
  readonly message: Message;
  readonly follows: boolean;
  readonly named: boolean;
  readonly trusted: boolean;
  readonly active: boolean;
  readonly sought: boolean;
  readonly last: boolean;
  readonly activate: (id: string) => void;
  readonly notices: readonly Notice[];
}

export function MessageItem(props: MessageItemProps) {
  const { message, follows, named, trusted, active, sought, last, activate, notices } = props;
  const { id, from, mine, at, text, attachments, order, refusal, missed } = message;
  const place = {
    'data-message': id,
    tabIndex: active ? 0 : -1,
    onFocus: () => activate(id),
    'data-sought': sought || undefined,
  };
  const time = (
    <time dateTime={new Date(at).toISOString()} title={dateTime(at)}>
      {timeOfDay(at)}
    </time>
  );
  if (from === null) {
    return (
      <li className={classes.message} data-event {...place}>
        <span dir="auto">{text}</span> · {time}
      </li>
    );
  }
  return (
    <li
      className={classes.message}
      data-mine={mine || undefined}
      data-follows={follows || undefined}
      data-last={last || undefined}
      {...place}
    >
      {named && !mine && !follows ? (
        <div className={classes.from}>
          <UserText>{from.name}</UserText>
        </div>
      ) : (
        <span className={classes.spoken}>{mine ? WORDS.conversation.you : <UserText>{from.name}</UserText>}: </span>
      )}
      <div className={classes.bubble}>
        {text !== '' && (
          <p className={classes.text} dir="auto">
            {text}
          </p>
        )}
        {attachments.length > 0 && (
          <ul className={classes.attachments}>
            {attachments.map((attachment, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: it is asked for by this very number
              <AttachmentCard key={index} message={id} index={index} attachment={attachment} trusted={trusted} />
            ))}
          </ul>
        )}
      </div>
      <div className={classes.foot}>
        {time}
        {mine && <StateMark message={message} />}
      </div>
      {missed.length === 0 && order === null && refusal !== null && (
        <p className={classes.missed} dir="auto">
          {refusal.detail}
        </p>
      )}
      {missed.length > 0 && (
        <ul
          className={classes.missed}
          aria-label={WORDS.conversation.missed}
          data-held={missed.every(({ state }) => state === 'held') || undefined}
        >
          {missed.map(({ name, state, order, refusal: why }) => (
            <li key={name}>
              <UserText>{name}</UserText>: {WORDS.conversation.missedOne(STATE_WORDS[state].name)}
              {order !== null && <OrderName order={order} notices={notices} />}
              {order === null && why !== null && (
                <>
                  . <UserText>{why.detail}</UserText>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

function OrderName({ order, notices }: { readonly order: string; readonly notices: readonly Notice[] }) {
  const title = notices.find((notice) => notice.order === order)?.title;
  return (
    <>
      {' '}
      {WORDS.conversation.byOrder(order)}
      {title !== undefined && (
        <>
          {' ('}
          <UserText>{title}</UserText>)
        </>
      )}
    </>
  );
}
