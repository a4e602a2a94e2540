/** Whether all devices of somebody are theirs, by the organisation's word. Who is not verified is so in words, and in red. */
import { Badge } from '@mantine/core';
import { IconShieldCheckFilled, IconShieldX } from '@tabler/icons-react';
import { Hint } from '../../../../shared/look/hint.tsx';
import type { Conversation } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { apart } from '../words/names.ts';
import classes from './conversations.module.css';

const words = WORDS.verified;

/** Null where there is nobody to ask it of: one is alone, or belongs to it no more and hears nothing of who is in it. */
export function isVerified({ state, people }: Pick<Conversation, 'state' | 'people'>): boolean | null {
  return state === 'left' || people.length === 0 ? null : people.every(({ verified }) => verified);
}

/** `people`: by name, all of a conversation. What it means is a hover or a focus away. */
export function VerifiedMark({ people, verified }: { readonly people: readonly string[]; readonly verified: boolean }) {
  const [one = '', ...others] = people;
  const meaning = others.length === 0 ? words.meaning(apart(one)) : words.all;
  return (
    <Hint text={verified ? meaning : words.notText}>
      <VerifiedBadge verified={verified} />
    </Hint>
  );
}

/** Where the meaning is written beside it. */
export function VerifiedBadge({ verified }: { readonly verified: boolean }) {
  const Icon = verified ? IconShieldCheckFilled : IconShieldX;
  return (
    <Badge color={verified ? 'cordon' : 'red'} leftSection={<Icon size={14} aria-hidden />}>
      {verified ? words.mark : words.not}
    </Badge>
  );
}

/** Where there is room for no words; they are said all the same. */
export function VerifiedIcon({ verified }: { readonly verified: boolean }) {
  const Icon = verified ? IconShieldCheckFilled : IconShieldX;
  return (
    <Icon
      size={16}
      role="img"
      aria-label={verified ? words.mark : words.not}
      className={verified ? classes.sure : classes.doubt}
    />
  );
}
