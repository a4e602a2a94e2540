/** Name of a conversation: its title, or the names of its people, each in its own writing direction. */
import { Fragment } from 'react';
import { UserText } from '../../../../shared/look/user-text.tsx';
import type { Conversation } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { initials, namesOf } from '../words/names.ts';
import classes from './conversations.module.css';

const list = new Intl.ListFormat('en-GB', { type: 'conjunction' });

export function ConversationName({ title, people }: Pick<Conversation, 'title' | 'people'>) {
  if (title !== null) return <UserText>{title}</UserText>;
  if (people.length === 0) return WORDS.list.nobodyElse;
  return <Names names={namesOf(people)} />;
}

export function Names({ names }: { readonly names: readonly string[] }) {
  return list.formatToParts(names).map(({ type, value }, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one sentence, in their order
    <Fragment key={at}>{type === 'element' ? <UserText>{value}</UserText> : value}</Fragment>
  ));
}

export function Face({ title, people }: Pick<Conversation, 'title' | 'people'>) {
  const [one, ...others] = people;
  const letters =
    title === null && one && others.length === 0 ? initials(one.name) : initials(title ?? one?.name ?? '');
  return (
    <span className={classes.face} aria-hidden>
      <bdi>{letters}</bdi>
    </span>
  );
}
