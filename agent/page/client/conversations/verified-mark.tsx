/**
 * Mark that shows whether people in a conversation have devices that the organization has verified. The mark is red if a person has no
 * verified device.
 */
import { Badge } from '@mantine/core';
import { IconShieldCheckFilled, IconShieldX } from '@tabler/icons-react';
import { Hint } from '../../../../shared/look/hint.tsx';
import type { Conversation } from '../../api.ts';
import { WORDS } from '../words/english.ts';
import { isolated } from '../words/names.ts';
import classes from './conversations.module.css';

const words = WORDS.verified;

/**
 * True if all people in the conversation except the user are verified. Null if the conversation has no other people. Also null after the
 * user has left, because the device then no longer knows the members.
 */
export function isVerified({ state, people }: Pick<Conversation, 'state' | 'people'>): boolean | null {
  return state === 'left' || people.length === 0 ? null : people.every(({ verified }) => verified);
}

export function VerifiedMark({ people, verified }: { readonly people: readonly string[]; readonly verified: boolean }) {
  const [one = '', ...others] = people;
  const meaning = others.length === 0 ? words.meaning(isolated(one)) : words.all;
  return (
    <Hint text={verified ? meaning : words.notText}>
      <VerifiedBadge verified={verified} />
    </Hint>
  );
}

export function VerifiedBadge({ verified }: { readonly verified: boolean }) {
  const Icon = verified ? IconShieldCheckFilled : IconShieldX;
  return (
    <Badge color={verified ? 'cordon' : 'red'} leftSection={<Icon size={14} aria-hidden />}>
      {verified ? words.mark : words.not}
    </Badge>
  );
}

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
