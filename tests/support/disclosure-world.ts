/** The disclosure desk over the API: three people of the role legal with keys, an owner, an auditor, an authority, and a user. */
import { authorityView, disclosureDetail } from '../../shared/api/disclosures.ts';
import { uploadedDocument } from '../../shared/api/order-documents.ts';
import { DISCLOSURE_PAYLOAD_TYPES } from '../../shared/disclosure/documents.ts';
import { signDocument } from '../../shared/disclosure/signed-document.ts';
import type { DeviceId, PersonId } from '../../shared/protocol/ids.ts';
import { personIdSchema } from '../../shared/protocol/ids.ts';
import { newApprover } from './api-approvers.ts';
import type { ApiServer } from './api-server.ts';
import { addDevice, addGroup } from './fleet-rows.ts';

const DAY = 86_400_000;
export const iso = (at: number): string => new Date(at).toISOString();

export async function deskWorld(api: ApiServer, recipient: string) {
  await api.account('owner@example.org', [{ role: 'owner', group: null, area: null }]);
  const [clerk, ada, ben] = [
    await newApprover(api, 'clerk@example.org'),
    await newApprover(api, 'ada@example.org'),
    await newApprover(api, 'ben@example.org'),
  ];
  const group = await addGroup(api.database, 'Sales');
  const device = await addDevice(api.database, { group, user: 'Samantha' });
  const other = await addDevice(api.database, { group, user: 'Noor' });
  const post = (who: { headers: Record<string, string> }, path: string, body: unknown) =>
    api.request('POST', `/api/v1${path}`, who.headers, body);
  const get = (who: { headers: Record<string, string> }, path: string) =>
    api.request('GET', `/api/v1${path}`, who.headers);

  async function personOf(id: DeviceId): Promise<PersonId> {
    const { person_id } = await api.database.db
      .selectFrom('devices')
      .select('person_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    return personIdSchema.parse(person_id);
  }

  async function addAuthority(key = recipient) {
    const added = await post(clerk, '/authorities', {
      name: 'District Court of Example',
      recipient: key,
      verifiedBy: 'Called the number in the public register.',
    });
    return authorityView.parse(added.json);
  }

  async function verifiedAuthority(key = recipient) {
    const { id, fingerprint } = await addAuthority(key);
    const body = { fingerprint, verifiedBy: 'Read out by the court’s office in person.' };
    const confirmed = await post(ada, `/authorities/${id}/confirm`, body);
    return authorityView.parse(confirmed.json);
  }

  let documents = 0;
  async function upload() {
    documents += 1;
    const response = await fetch(`${api.url}/api/v1/disclosures/documents?mediaType=application/pdf`, {
      method: 'POST',
      headers: { ...clerk.headers, 'content-type': 'application/octet-stream' },
      body: `order ${documents}`,
    });
    return { title: 'Order of the court', ...uploadedDocument.parse(await response.json()) };
  }

  const authority = await verifiedAuthority();
  const person = await personOf(device);

  async function request(now = Date.now()) {
    return {
      person: person as unknown,
      authority: authority.id as unknown,
      instrument: {
        type: 'court-order',
        reference: `AZ ${documents + 1}/26`,
        issuer: 'District Court of Example',
        issuedAt: iso(now - DAY),
        expiresAt: iso(now + 30 * DAY),
        document: await upload(),
      } as unknown,
      window: { from: iso(now - 30 * DAY), to: iso(now - 1) } as unknown,
      records: ['connection-log', 'enrollment-record'] as unknown,
    };
  }

  async function draft(change: object = {}) {
    const drafted = await post(clerk, '/disclosures', { ...(await request()), ...change });
    return disclosureDetail.parse(drafted.json);
  }

  async function approve(who: typeof ada, id: string) {
    const { versions, digest } = disclosureDetail.parse((await get(who, `/disclosures/${id}`)).json);
    const payload = versions.at(-1)?.payload ?? '';
    const signature = signDocument(who.key, DISCLOSURE_PAYLOAD_TYPES.disclosure, payload);
    return post(who, `/disclosures/${id}/approvals`, { digest, keyid: who.key.keyid, signature });
  }

  return {
    clerk,
    ada,
    ben,
    device,
    other,
    person,
    personOf,
    authority,
    addAuthority,
    verifiedAuthority,
    post,
    get,
    request,
    draft,
    approve,
    upload,
  };
}

export type DeskWorld = Awaited<ReturnType<typeof deskWorld>>;
