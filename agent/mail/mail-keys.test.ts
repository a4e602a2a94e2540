import { describe, expect, it } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import { MAIL_KEY_LIFETIME, readMailKey } from '../../shared/seal/mail-key.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import { MailService } from '../../tests/support/mail-service.ts';
import { openAgentStore } from '../store/agent-store.ts';
import { createMailKeys } from './mail-keys.ts';

const DAY = 86_400_000;

async function keysOf(service = new MailService(), device = newDeviceId(), generation = 1) {
  const store = openAgentStore({ file: ':memory:' }).device(device).mail;
  const self = { device, generation, key: await makeSigningKey() };
  const clock = { now: 1_000 * DAY };
  const seal = {
    sealBytes: (_context: string, plain: Uint8Array) => Buffer.from(plain),
    openBytes: (_context: string, sealed: Uint8Array) => Buffer.from(sealed),
  };
  const client = service.client(device, generation);
  const keys = createMailKeys({ store, seal, client, installation: 'test', self: () => self, now: () => clock.now });
  const published = async () => {
    const [found] = await client.keysOf([device]);
    return found ? readMailKey(found.statement).number : null;
  };
  return { keys, store, clock, service, published };
}

describe('mail keys', () => {
  it('publishes one key, and a new one after a third of its lifetime', async () => {
    const { keys, clock, published } = await keysOf();
    expect(await keys.work()).toBe(clock.now + 30 * DAY);
    expect(await published()).toBe(1);
    clock.now += 30 * DAY - 1;
    await keys.work();
    expect(await published()).toBe(1);
    clock.now += 1;
    await keys.work();
    expect(await published()).toBe(2);
    expect(keys.privateKey(1, 1)).toHaveLength(32);
    expect(keys.privateKey(1, 2)).not.toEqual(keys.privateKey(1, 1));
  });

  it('repeats a publication whose response was lost, with the same key', async () => {
    const { keys, store, service, published } = await keysOf();
    service.after = () => {
      throw new CordonError('unavailable', 'the response was lost');
    };
    await expect(keys.work()).rejects.toMatchObject({ code: 'unavailable' });
    service.after = () => undefined;
    await keys.work();
    expect(await published()).toBe(1);
    expect(store.mailKeys()).toMatchObject([{ number: 1, published: true }]);
  });

  it('makes a key with a larger number if the server has a newer key of this enrollment', async () => {
    const device = newDeviceId();
    const first = await keysOf(new MailService(), device);
    for (let count = 0; count < 3; count += 1) {
      await first.keys.work();
      first.clock.now += 30 * DAY;
    }
    const restored = await keysOf(first.service, device);
    await restored.keys.work();
    expect(await restored.published()).toBe(4);
    expect(restored.keys.privateKey(1, 4)).toHaveLength(32);
  });

  it('keeps a private key for 400 days after the last mail for it, and then removes it', async () => {
    const { keys, clock } = await keysOf();
    await keys.work();
    clock.now += MAIL_KEY_LIFETIME + 400 * DAY;
    await keys.work();
    expect(keys.privateKey(1, 1)).not.toBeNull();
    clock.now += 1;
    await keys.work();
    expect(keys.privateKey(1, 1)).toBeNull();
    expect(keys.privateKey(1, 2)).not.toBeNull();
  });

  it('replaces a key that was made while the clock was ahead', async () => {
    const { keys, clock, published } = await keysOf();
    await keys.work();
    clock.now -= 2 * DAY;
    await keys.work();
    expect(await published()).toBe(2);
  });

  it('continues the numbers after all keys were deleted', async () => {
    const { keys, store, published } = await keysOf();
    await keys.work();
    store.forgetMail();
    expect(store.mailKeys()).toEqual([]);
    await keys.work();
    expect(await published()).toBe(2);
  });

  it('counts the numbers of each enrollment from 1', async () => {
    const device = newDeviceId();
    const first = await keysOf(new MailService(), device);
    await first.keys.work();
    const second = await keysOf(first.service, device, 2);
    await second.keys.work();
    expect(await second.published()).toBe(1);
  });
});
