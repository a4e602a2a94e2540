import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { MAIL_PIECE, type SealedMail } from '../../shared/protocol/mail-http.ts';
import { makeMailKey, type NewMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import type { Member } from '../messaging/members/member.ts';
import { isUnopenable, openMail } from './open-mail.ts';
import { handOverMail, mailKeysOf } from './send-mail.ts';

const INSTALLATION = 'test';

async function device(person: string, connector = false) {
  const key = await makeSigningKey();
  const self = { device: newDeviceId(), generation: 1, key };
  const mailKey = await makeMailKey(self, { installation: INSTALLATION, number: 1, now: Date.now() });
  const { device: id, generation } = self;
  const member: Member = {
    device: id,
    generation,
    person,
    name: person,
    signatureKey: key.publicKey,
    ...(connector && { mailConnector: true }),
  };
  return { self, mailKey, member };
}

async function world() {
  const service = new MailService();
  const [sender, receiver] = [await device('connector', true), await device('ada')];
  const client = service.client(receiver.self.device);
  await client.submitKey(receiver.mailKey.statement);
  const ports = {
    self: () => receiver.self,
    installation: INSTALLATION,
    client,
    keys: { privateKey: (_generation: number, number: number) => keyWith(receiver.mailKey, number) },
    memberOf: async (): Promise<Member> => sender.member,
    refusal: (): string | null => null,
  };
  const invalid: string[] = [];
  const keys = () =>
    mailKeysOf([receiver.member], {
      client,
      installation: INSTALLATION,
      now: Date.now(),
      onInvalid: (detail) => void invalid.push(detail),
    });
  const send = async (message: Uint8Array, id = randomUUID()): Promise<SealedMail> => {
    const envelope = { from: 'eve@example.org', to: ['ada@corp.example'] };
    const header = { direction: 'inbound', installation: INSTALLATION, at: 1, envelope } as const;
    const from = { self: sender.self, client: service.client(sender.self.device) };
    const response = await handOverMail({ id, header, message, keys: await keys() }, from);
    expect(response.recipients).toMatchObject([{ outcome: 'stored' }]);
    const mail = service.accepted.at(-1);
    if (!mail) throw new Error('no mail was accepted');
    return mail;
  };
  return { service, sender, receiver, ports, invalid, keys, send };
}

const keyWith = ({ privateKey, key }: NewMailKey, number: number) =>
  number === key.number ? new Uint8Array(privateKey) : null;

describe('a sealed mail', () => {
  it('arrives unchanged in several pieces', async () => {
    const { service, ports, send } = await world();
    const message = new Uint8Array(MAIL_PIECE + 5).fill(65);
    const opened = await openMail(await send(message), ports);
    expect(service.pieces.size).toBe(2);
    expect(Buffer.from(opened.message).equals(message)).toBe(true);
    expect(opened.header.envelope.to).toEqual(['ada@corp.example']);
    expect(opened.sender.mailConnector).toBe(true);
  });

  it('is stored once although the response to the first attempt was lost', async () => {
    const { service, send } = await world();
    const id = randomUUID();
    await send(Buffer.from('once'), id);
    await send(Buffer.from('once'), id);
    expect(service.accepted).toHaveLength(1);
  });

  it.each<[string, (at: World) => Partial<World['ports']>]>([
    ['a lost piece', withoutPieces],
    ['an unconfirmed sender', () => ({ memberOf: unverified })],
    ['a deleted mail key', () => ({ keys: { privateKey: () => null } })],
    ['another installation', () => ({ installation: 'other' })],
    ['a refused sender', () => ({ refusal: () => 'its sender is no mail connector' })],
    ['a signature of another device', ({ receiver }) => ({ memberOf: async () => receiver.member })],
  ])('cannot be opened with %s', async (_name, changes) => {
    const at = await world();
    const mail = await at.send(Buffer.from('secret'));
    const error = await openMail(mail, { ...at.ports, ...changes(at) }).catch((thrown: unknown) => thrown);
    expect(isUnopenable(error)).toBe(true);
  });

  it('can be opened after a failed connection', async () => {
    const { service, ports, send } = await world();
    const mail = await send(Buffer.from('later'));
    service.reachable = false;
    const error = await openMail(mail, ports).catch((thrown: unknown) => thrown);
    expect(isUnopenable(error)).toBe(false);
    service.reachable = true;
    expect(Buffer.from((await openMail(mail, ports)).message).toString()).toBe('later');
  });

  it('is not sealed to a key that another device signed', async () => {
    const { receiver, sender, service, keys, invalid } = await world();
    const forged = await makeMailKey(
      { ...sender.self, device: receiver.self.device },
      { installation: INSTALLATION, number: 2, now: Date.now() },
    );
    await service.client(receiver.self.device).submitKey(forged.statement);
    expect(await keys()).toEqual([]);
    expect(invalid).toHaveLength(1);
  });
});

type World = Awaited<ReturnType<typeof world>>;

const withoutPieces = ({ service }: World) => {
  service.pieces.clear();
  return {};
};
const unverified = async (): Promise<Member> => {
  throw new CordonError('unverified_member', 'nobody confirmed the device');
};
