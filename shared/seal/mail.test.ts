import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeCanonical } from '../order/canonical.ts';
import { newDeviceId } from '../protocol/ids.ts';
import { LARGEST_MAIL, MAIL_PIECE, type SealedMail, sealedMailSchema } from '../protocol/mail-http.ts';
import { type OutgoingMail, readSealedMail, sealMail, verifySealedMail } from './mail.ts';
import { MAIL_KEY_LIFETIME, makeMailKey, type NewMailKey, verifyMailKey } from './mail-key.ts';
import { makeSigningKey, signFor } from './signing-key.ts';
import type { Self } from './terms.ts';

const NOW = Date.UTC(2026, 10, 29);
const installation = 'test';
const selfOf = async (): Promise<Self> => ({ device: newDeviceId(), generation: 1, key: await makeSigningKey() });
const header = {
  direction: 'inbound',
  installation,
  at: NOW,
  envelope: { from: 'alice@example.org', to: ['ben@example.com'] },
} satisfies OutgoingMail['header'];
const id = '5f0c2e9a-6f0f-4f3e-9d5c-2f9f3f1f0a11';

let connector: Self;
let ben: Self;
let cleo: Self;
let benKey: NewMailKey;
let cleoKey: NewMailKey;
beforeAll(async () => {
  [connector, ben, cleo] = await Promise.all([selfOf(), selfOf(), selfOf()]);
  benKey = await makeMailKey(ben, { installation, number: 1, now: NOW });
  cleoKey = await makeMailKey(cleo, { installation, number: 1, now: NOW });
});

const readerOf = (mail: SealedMail, self: Self, made: NewMailKey) =>
  readSealedMail(mail, { ...self, number: made.key.number, privateKey: made.privateKey });
const seal = (message: Uint8Array, keys = [benKey.key]) => sealMail(connector, { id, header, message, keys });

describe('a sealed mail', () => {
  it('is opened unchanged by each recipient', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 20_000 }), async (message) => {
        const { mail, pieces } = await seal(message, [benKey.key, cleoKey.key]);
        expect(sealedMailSchema.parse(mail)).toEqual(mail);
        await verifySealedMail(mail, connector.key.publicKey);
        for (const [self, made] of [[ben, benKey] as const, [cleo, cleoKey] as const]) {
          const reader = await readerOf(mail, self, made);
          expect(reader.header).toMatchObject(header);
          expect(await reader.open(pieces)).toEqual(message);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('has pieces of one size, and at most 36 MiB', async () => {
    const message = new Uint8Array(MAIL_PIECE * 2 + 1).fill(7);
    const { mail, pieces } = await seal(message);
    expect(mail.pieces.map(({ size }) => size)).toEqual([MAIL_PIECE + 16, MAIL_PIECE + 16, MAIL_PIECE + 16]);
    const reader = await readerOf(mail, ben, benKey);
    expect(Buffer.compare(await reader.open(pieces), message)).toBe(0);
    await expect(seal(new Uint8Array(LARGEST_MAIL + 1))).rejects.toMatchObject({ code: 'too_large' });
  });

  it('is refused after any change, by another sender, and by a device that is no recipient', async () => {
    const { mail, pieces } = await seal(Buffer.from('Subject: plan\r\n\r\nThe plan'));
    const [recipient] = mail.recipients;
    const other = await seal(Buffer.from('Subject: other\r\n\r\nOther'));
    const changes: [string, Partial<SealedMail>][] = [
      ['id', { id: '5f0c2e9a-6f0f-4f3e-9d5c-2f9f3f1f0a12' }],
      ['sender', { sender: { device: cleo.device, generation: 1 } }],
      ['header', { header: other.mail.header }],
      ['pieces', { pieces: other.mail.pieces }],
      ['recipients', { recipients: other.mail.recipients }],
      ['a further recipient', { recipients: [...mail.recipients, ...other.mail.recipients] }],
      ['key', { recipients: recipient ? [{ ...recipient, key: 2 }] : [] }],
    ];
    for (const [name, change] of changes) {
      const changed = { ...mail, ...change };
      const verified = verifySealedMail(changed, connector.key.publicKey);
      await expect(verified, name).rejects.toMatchObject({ code: 'content_malformed' });
    }
    await expect(verifySealedMail(mail, cleo.key.publicKey)).rejects.toMatchObject({ code: 'content_malformed' });
    await expect(readerOf(mail, cleo, cleoKey)).rejects.toMatchObject({ code: 'not_found' });
    const stolen = { ...cleoKey, privateKey: cleoKey.privateKey };
    await expect(readerOf(mail, ben, stolen)).rejects.toMatchObject({ code: 'content_malformed' });
    const reader = await readerOf(mail, ben, benKey);
    for (const wrong of [[], other.pieces, [...pieces, ...pieces]]) {
      await expect(reader.open(wrong)).rejects.toMatchObject({ code: 'content_malformed' });
    }
  });
});

it('a mail whose sender signed pieces of wrong sizes cannot be opened', async () => {
  const { mail, pieces } = await seal(new Uint8Array(MAIL_PIECE + 1).fill(7));
  const [first, second] = mail.pieces;
  if (!first || !second) throw new Error('the mail has two pieces');
  const { signature: _, ...signed } = { ...mail, pieces: [{ ...first, size: 17 }, second] };
  const own = await signFor('sealed mail 1', connector.key, encodeCanonical(signed));
  const forged = { ...signed, signature: own };
  await verifySealedMail(forged, connector.key.publicKey);
  await expect(readerOf(forged, ben, benKey).then((reader) => reader.open(pieces))).rejects.toMatchObject({
    code: 'content_malformed',
  });
});

describe('a mail key', () => {
  const owner = () => ({ installation, device: ben.device, generation: 1, signatureKey: ben.key.publicKey });

  it('is valid for its enrollment and lifetime only', async () => {
    const { statement } = benKey;
    await expect(verifyMailKey(statement, owner(), NOW)).resolves.toEqual(benKey.key);
    const cases: [string, () => Promise<unknown>][] = [
      ['another device', () => verifyMailKey(statement, { ...owner(), device: cleo.device }, NOW)],
      ['another enrollment', () => verifyMailKey(statement, { ...owner(), generation: 2 }, NOW)],
      ['another installation', () => verifyMailKey(statement, { ...owner(), installation: 'other' }, NOW)],
      ['another messaging key', () => verifyMailKey(statement, { ...owner(), signatureKey: cleo.key.publicKey }, NOW)],
      ['expired', () => verifyMailKey(statement, owner(), NOW + MAIL_KEY_LIFETIME + 2 * 86_400_000)],
      ['from the future', () => verifyMailKey(statement, owner(), NOW - 2 * 86_400_000)],
      ['another key', () => verifyMailKey({ ...statement, payload: cleoKey.statement.payload }, owner(), NOW)],
    ];
    for (const [name, verify] of cases) {
      await expect(verify(), name).rejects.toMatchObject({ code: 'unverified_member' });
    }
  });
});
