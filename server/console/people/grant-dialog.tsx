import { useState } from 'react';
import { type AccountView, accountView } from '../../../shared/api/accounts.ts';
import { Confirm } from '../../../shared/look/confirm.tsx';
import { call } from '../client/call.ts';
import { GrantFields, NEW_GRANT } from './grant-fields.tsx';

export function GrantDialog({
  account,
  close,
  groups,
  changed,
}: {
  readonly account: AccountView | null;
  readonly close: () => void;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly changed: () => Promise<void>;
}) {
  const [grant, setGrant] = useState(NEW_GRANT);
  return (
    <Confirm
      title={account ? `Grant role to ${account.name}` : 'Grant role'}
      opened={account !== null}
      close={() => {
        setGrant(NEW_GRANT);
        close();
      }}
      verb="Grant role"
      act={async () => {
        await call('POST', `/accounts/${account?.id}/grants`, accountView, grant);
        await changed();
      }}
    >
      <GrantFields value={grant} change={setGrant} groups={groups} />
    </Confirm>
  );
}
