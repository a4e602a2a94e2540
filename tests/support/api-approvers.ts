/** Approvers of an API server, and their approver set. Each approver has an account and a key. */
import { approverSetView } from '../../shared/api/approvers.ts';
import { signApproverSetPayload, signContinuationPayload } from '../../shared/order/approver-key.ts';
import { createKeyFile, type FileKey } from '../../shared/order/key-file.ts';
import type { ApiServer } from './api-server.ts';

export const KEY_PASSPHRASE = 'the passphrase of a test';

export interface ApiApprover {
  readonly email: string;
  readonly secret: string;
  readonly headers: Record<string, string>;
  readonly key: FileKey;
  /** Key file, encrypted with `KEY_PASSPHRASE`. */
  readonly pem: string;
}

export async function newApprover(api: ApiServer, email: string): Promise<ApiApprover> {
  const { secret } = await api.account(email, [{ role: 'legal', group: null, area: null }]);
  const { headers } = await api.signIn({ email, secret });
  const { key, pem } = createKeyFile(KEY_PASSPHRASE);
  const { status } = await api.request('POST', '/api/v1/approver-keys', headers, { publicKey: key.publicKey });
  if (status !== 201) throw new Error(`the key of ${email} was not registered`);
  return { email, secret, headers, key, pem };
}

/** Creates an approver set, signed by two of the new approvers. `more`: keys of further approvers in the set. */
export async function adoptApprovers(api: ApiServer, more: readonly string[] = []): Promise<readonly ApiApprover[]> {
  const approvers: ApiApprover[] = [];
  for (const name of ['ada', 'ben']) approvers.push(await newApprover(api, `${name}@example.org`));
  const [first] = approvers;
  const keyids = [...approvers.map(({ key }) => key.keyid), ...more];
  const { json } = await api.request('POST', '/api/v1/approvers', first?.headers, { keyids, threshold: 2 });
  const { version, payload } = approverSetView.parse(json);
  for (const { key, headers } of approvers) {
    const body = { keyid: key.keyid, signature: signApproverSetPayload(key, payload) };
    const answer = await api.request('POST', `/api/v1/approvers/${version}/signatures`, headers, body);
    if (answer.status !== 200) throw new Error(answer.text);
  }
  return approvers;
}

export async function signContinuation(
  api: ApiServer,
  { key, headers }: ApiApprover,
  { digest, payload }: { readonly digest: string; readonly payload: string },
): Promise<unknown> {
  const body = { keyid: key.keyid, signature: signContinuationPayload(key, payload) };
  const path = `/api/v1/recovery/ledger/continuations/${digest}/signatures`;
  return (await api.request('POST', path, headers, body)).json;
}
