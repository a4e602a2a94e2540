/**
 * Link to a device, with the user and the display name or host name as its label. For a device outside the scope of the admin's role, the label is the device id.
 */
import { Text } from '@mantine/core';
import { UserText } from '../../../shared/look/user-text.tsx';
import { useDeviceName } from '../client/device-names.ts';
import { PageLink } from './links.tsx';

export function DeviceLink({ id }: { readonly id: string }) {
  const name = useDeviceName(id);
  if (name === null) {
    return (
      <PageLink to="/devices/$id" params={{ id }} ff="monospace" size="sm">
        {id}
      </PageLink>
    );
  }
  return (
    <span>
      <PageLink to="/devices/$id" params={{ id }} size="sm">
        {name === undefined ? '…' : <UserText>{name.user}</UserText>}
      </PageLink>
      {(name?.displayName || name?.hostname) && (
        <Text span size="sm" c="dimmed">
          {' '}
          <UserText>{name.displayName ?? name.hostname ?? ''}</UserText>
        </Text>
      )}
    </span>
  );
}
