import { UserText } from '../../../../shared/look/user-text.tsx';
import type { MailItem } from '../../mail-api.ts';

type Person = MailItem['to'][number];

/** Names of people. A person without a name appears with the address. */
export const nameOf = ({ name, address }: Person): string => name || address;

export function People({ people }: { readonly people: readonly Person[] }) {
  return people.map(({ name, address }, at) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a list may name one person twice, and does not change
    <span key={at}>
      {at > 0 && ', '}
      {name !== '' && <UserText>{name}</UserText>}{' '}
      {address !== '' && <UserText>{name === '' ? address : `<${address}>`}</UserText>}
    </span>
  ));
}
