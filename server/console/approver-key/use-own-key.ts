/** Approver key of the signed-in person in this browser, and the state of the key. */
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { approverKeyView } from '../../../shared/api/approvers.ts';
import type { WebApproverKey } from '../../../shared/order/web-approver-key.ts';
import { call } from '../client/call.ts';
import { approverKeysQuery, approversQuery, installationQuery } from '../client/queries.ts';
import { useMay, useSession } from '../client/session.tsx';
import { makeKey, storedKey } from './approver-key.ts';
import { approverSetsOf, type KeyState, keyState } from './approver-set.ts';

const storedKeyQuery = (installation: string, person: string) =>
  queryOptions({
    queryKey: ['own-key', installation, person],
    queryFn: () => storedKey(installation, person),
    staleTime: Number.POSITIVE_INFINITY,
  });

export interface OwnKey {
  readonly key: WebApproverKey | null;
  readonly state: KeyState;
  /** True if the approver set contains a key of the signed-in person other than `key`, such as a key in another browser or in a file. */
  readonly elsewhere: boolean;
}

export function useOwnKey(): { readonly data: OwnKey | undefined; readonly error: Error | null } {
  const { person } = useSession().account;
  const may = useMay();
  const installation = useQuery(installationQuery);
  const id = installation.data?.installation;
  const stored = useQuery({ ...storedKeyQuery(id ?? '', person), enabled: id !== undefined });
  const approvers = useQuery(approversQuery);
  const registered = useQuery({ ...approverKeysQuery, enabled: may('approver-keys.list') });
  const error = installation.error ?? stored.error ?? approvers.error ?? registered.error;
  if (stored.data === undefined || approvers.data === undefined || registered.isLoading)
    return { data: undefined, error };
  const approverSets = approverSetsOf(approvers.data);
  const keyid = stored.data?.keyid ?? null;
  const keyids = registered.data?.keys.map((key) => key.keyid) ?? null;
  const elsewhere =
    approverSets.current?.approvers.some((each) => each.person === person && each.keyid !== keyid) ?? false;
  return { data: { key: stored.data, state: keyState(keyid, keyids, approverSets), elsewhere }, error };
}

export function useRegisterKey() {
  const client = useQueryClient();
  const { person } = useSession().account;
  return useMutation({
    mutationFn: async () => {
      const { installation } = await client.ensureQueryData(installationQuery);
      const key = (await storedKey(installation, person)) ?? (await makeKey(installation, person));
      client.setQueryData(storedKeyQuery(installation, person).queryKey, key);
      await call('POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
      await client.invalidateQueries({ queryKey: approverKeysQuery.queryKey });
    },
  });
}
