import { describe, expect, it } from 'vitest';
import { anybody, enroll, text } from '../../tests/support/conversations.ts';
import {
  commitChange,
  conversationOf,
  createConversation,
  epochOf,
  isMember,
  membersOf,
  newConversationId,
  sealContent,
} from './conversation.ts';
import { joinConversation } from './join.ts';
import { makeKeyPackage, readKeyPackage } from './key-package.ts';
import { peek } from './message.ts';
import { openMessage } from './open.ts';

describe('a conversation', () => {
  it('never has an identifier that a command line would read as an option', () => {
    const ids = Array.from({ length: 2000 }, newConversationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^\w[\w-]{21}$/.test(id))).toEqual([]);
  });

  it('can be read by added members until they are removed', async () => {
    const now = Date.now();
    const ada = await enroll();
    const ben = await enroll(2);
    const id = newConversationId();
    let adas = await createConversation(ada, id, now);
    expect(conversationOf(adas)).toBe(id);
    const mine = await makeKeyPackage(ben, { now, lastResort: false });
    expect(await readKeyPackage(mine.publicPackage, now)).toMatchObject({
      device: ben.device,
      reference: mine.reference,
      lastResort: false,
    });
    const added = await commitChange(adas, { add: [mine.publicPackage], remove: [] }, { now, authenticate: anybody });
    expect(added.epoch).toBe(0);
    adas = added.next;
    expect(peek(added.welcome!)).toEqual({ type: 'welcome', references: [mine.reference] });
    // A member that cannot be verified now does not make the welcome invalid.
    const cut = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const noAnswer = async () => Promise.reject(cut);
    await expect(joinConversation(added.welcome!, mine.privatePackage, ben, noAnswer)).rejects.toBe(cut);
    const joined = await joinConversation(added.welcome!, mine.privatePackage, ben, anybody);
    expect(joined.by).toMatchObject({ device: ada.device, generation: 1 });
    let bens = joined.state;
    expect(membersOf(bens)).toEqual(membersOf(adas));

    const hello = text('hello');
    const sealed = await sealContent(adas, hello);
    adas = sealed.state;
    expect(peek(sealed.message)).toEqual({ type: 'content', conversation: id, epoch: 1 });
    const opened = await openMessage(bens, sealed.message, anybody);
    expect(opened).toMatchObject({ type: 'content', content: hello, from: { device: ada.device, leafIndex: 0 } });
    bens = opened.state;
    await expect(openMessage(bens, sealed.message, anybody)).rejects.toMatchObject({ code: 'message_replayed' });

    const gone = await commitChange(bens, { add: [], remove: [0] }, { now, authenticate: anybody });
    const leaving = await openMessage(adas, gone.commit, anybody);
    expect(leaving).toMatchObject({ type: 'commit', selfRemoved: true, removed: [{ device: ada.device }], added: [] });
    expect(isMember(leaving.state)).toBe(false);
    expect(epochOf(gone.next)).toBe(2);
    const secret = await sealContent(gone.next, text('without her'));
    await expect(openMessage(leaving.state, secret.message, anybody)).rejects.toMatchObject({ code: 'not_a_member' });
    await expect(sealContent(leaving.state, hello)).rejects.toMatchObject({ code: 'not_a_member' });
  });
});
