/** Approver keys of the signed-in person in this browser and in passkeys, and the states of the keys. */
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { approverKeyView } from '../../../shared/api/approvers.ts';
import type { WebApproverKey, WebSigner } from '../../../shared/order/web-approver-key.ts';
import { call } from '../client/call.ts';
import { createPasskey, passkeySigner, worksHere } from '../client/passkeys.ts';
import { approverKeysQuery, approversQuery, installationQuery, passkeysQuery } from '../client/queries.ts';
import { useMay, useSession } from '../client/session.tsx';
import { makeKey, storedKey } from './approver-key.ts';
import { approverSetsOf, type KeyState, keyState } from './approver-set.ts';

const storedKeyQuery = (installation: string, person: string) =>
  queryOptions({
    queryKey: ['own-key', installation, person],
    queryFn: () => storedKey(installation, person),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** Key with which the signed-in person can sign in this browser. */
export interface OwnSigner {
  readonly kind: 'browser' | 'passkey';
  readonly name: string;
  readonly key: WebApproverKey | WebSigner;
  readonly state: KeyState;
}

export interface OwnKey {
  /** Best state of all signers; `absent` without a signer. */
  readonly state: KeyState;
  readonly signers: readonly OwnSigner[];
  /**
   * True if the approver set contains a key of the signed-in person that cannot sign here, such as a key in another browser or in a file.
   */
  readonly elsewhere: boolean;
  /** True if this browser can create a passkey. */
  readonly canCreatePasskey: boolean;
}

const BEST_FIRST: readonly KeyState[] = ['listed', 'waiting', 'unlisted', 'unregistered', 'absent'];

export function useOwnKey(): { readonly data: OwnKey | undefined; readonly error: Error | null } {
  const { person } = useSession().account;
  const may = useMay();
  const installation = useQuery(installationQuery);
  const id = installation.data?.installation;
  const stored = useQuery({ ...storedKeyQuery(id ?? '', person), enabled: id !== undefined });
  const approvers = useQuery(approversQuery);
  const registered = useQuery({ ...approverKeysQuery, enabled: may('approver-keys.list') });
  const passkeys = useQuery(passkeysQuery);
  const error = installation.error ?? stored.error ?? approvers.error ?? registered.error ?? passkeys.error;
  if (stored.data === undefined || !approvers.data || registered.isLoading || !passkeys.data)
    return { data: undefined, error };
  const approverSets = approverSetsOf(approvers.data);
  const keyids = registered.data?.keys.map((key) => key.keyid) ?? null;
  const here = worksHere(passkeys.data.site);
  const signers: OwnSigner[] = [
    ...(stored.data ? [{ kind: 'browser' as const, name: 'Key in this browser', key: stored.data }] : []),
    ...passkeys.data.passkeys
      .filter((each) => each.purpose === 'approval' && each.usable && here)
      .map((each) => ({ kind: 'passkey' as const, name: `Passkey “${each.name}”`, key: passkeySigner(each) })),
  ].map((signer) => ({ ...signer, state: keyState(signer.key.keyid, keyids, approverSets) }));
  const own = new Set(signers.map(({ key }) => key.keyid));
  const elsewhere =
    approverSets.current?.approvers.some((each) => each.person === person && !own.has(each.keyid)) ?? false;
  const state = BEST_FIRST.find((each) => signers.some((signer) => signer.state === each)) ?? 'absent';
  return { data: { state, signers, elsewhere, canCreatePasskey: here }, error };
}

/** Signers whose signatures count, because the current approver set contains their keys. */
export const listedSigners = (own: OwnKey | undefined): OwnSigner[] =>
  own?.signers.filter(({ state }) => state === 'listed') ?? [];

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

/** Creates a passkey that is an approver key. */
export function useRegisterPasskey() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (name: string) => {
      await call('POST', '/approver-keys', approverKeyView, { passkey: await createPasskey('approval', name) });
      await Promise.all(
        [approverKeysQuery, passkeysQuery].map(({ queryKey }) => client.invalidateQueries({ queryKey })),
      );
    },
  });
}
