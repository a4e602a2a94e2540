/** The signed-in person's own key in this browser, and what it is worth. */
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { approverKeyView } from '../../../shared/api/approvers.ts';
import type { WebApproverKey } from '../../../shared/order/web-approver-key.ts';
import { call } from '../client/call.ts';
import { approverKeysQuery, approversQuery, installationQuery } from '../client/queries.ts';
import { useMay, useSession } from '../client/session.tsx';
import { keptKey, makeKey } from './approver-key.ts';
import { type KeyStanding, keyStanding, rootsOf } from './root-of-approvers.ts';

const keptKeyQuery = (installation: string, person: string) =>
  queryOptions({
    queryKey: ['own-key', installation, person],
    queryFn: () => keptKey(installation, person),
    staleTime: Number.POSITIVE_INFINITY,
  });

export interface OwnKey {
  readonly key: WebApproverKey | null;
  readonly standing: KeyStanding;
  /** The root lists another key of this person: made in another browser, or kept in a file. */
  readonly elsewhere: boolean;
}

/** `data` is undefined until all of it is known. */
export function useOwnKey(): { readonly data: OwnKey | undefined; readonly error: Error | null } {
  const { person } = useSession().account;
  const may = useMay();
  const installation = useQuery(installationQuery);
  const id = installation.data?.installation;
  const kept = useQuery({ ...keptKeyQuery(id ?? '', person), enabled: id !== undefined });
  const approvers = useQuery(approversQuery);
  const registered = useQuery({ ...approverKeysQuery, enabled: may('approver-keys.list') });
  const error = installation.error ?? kept.error ?? approvers.error ?? registered.error;
  if (kept.data === undefined || approvers.data === undefined || registered.isLoading)
    return { data: undefined, error };
  const roots = rootsOf(approvers.data);
  const keyid = kept.data?.keyid ?? null;
  const keyids = registered.data?.keys.map((key) => key.keyid) ?? null;
  const elsewhere = roots.current?.approvers.some((each) => each.person === person && each.keyid !== keyid) ?? false;
  return { data: { key: kept.data, standing: keyStanding(keyid, keyids, roots), elsewhere }, error };
}

/** Makes a key if there is none, and tells the server its public half. */
export function useRegisterKey() {
  const client = useQueryClient();
  const { person } = useSession().account;
  return useMutation({
    mutationFn: async () => {
      const { installation } = await client.ensureQueryData(installationQuery);
      const key = (await keptKey(installation, person)) ?? (await makeKey(installation, person));
      client.setQueryData(keptKeyQuery(installation, person).queryKey, key);
      await call('POST', '/approver-keys', approverKeyView, { publicKey: key.publicKey });
      await client.invalidateQueries({ queryKey: approverKeysQuery.queryKey });
    },
  });
}
