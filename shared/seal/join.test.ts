import { decodeMlsMessage, emptyPskIndex, joinGroup } from 'ts-mls';
import { expect, it } from 'vitest';
import { conversationOfMany, enroll, join, packageOf } from '../../tests/support/conversations.ts';
import { membersOf } from './conversation.ts';
import { readPrivatePackage } from './key-package.ts';
import { clientConfig, suite } from './suite.ts';

it('joins a conversation of eight with partly renewed keys, which ts-mls itself refuses', async () => {
  const [first, ...others] = await conversationOfMany(7);
  const all = [first, ...others];
  const everybody = async (commit: Uint8Array, by: unknown) => {
    for (const one of all) if (one !== by) await one.open(commit);
  };
  const last = others[5]!;
  await everybody((await last.commit({})).commit, last);
  const eighth = await enroll();
  const its = await packageOf(eighth);
  const welcomed = await first.commit({ add: [its.publicPackage] });
  await everybody(welcomed.commit, first);
  all.push(await join(eighth, welcomed, its));
  await everybody((await first.commit({})).commit, first);
  const ninth = await enroll();
  const nine = await packageOf(ninth);
  const made = await first.commit({ add: [nine.publicPackage] });
  await everybody(made.commit, first);
  const joined = await join(ninth, made, nine);
  expect(membersOf(joined.state)).toHaveLength(9);
  for (const one of all) expect(await joined.open(await one.say('hello'))).toMatchObject({ type: 'content' });
  for (const one of all) expect(await one.open(await joined.say('hello'))).toMatchObject({ type: 'content' });

  const message = decodeMlsMessage(made.welcome!, 0)![0];
  if (message.wireformat !== 'mls_welcome') throw new Error('no welcome');
  const { keyPackage, keys } = readPrivatePackage(nine.privatePackage, ninth);
  const config = clientConfig(membersOf(joined.state));
  const theirs = joinGroup(
    message.welcome,
    keyPackage,
    keys,
    emptyPskIndex,
    await suite(),
    undefined,
    undefined,
    config,
  );
  // When this fails, ts-mls accepts such trees, and `join.ts` may call it instead.
  await expect(theirs).rejects.toThrow('unmerged_leaves');
});
