/** Approvals after the effective time, in a pack. The report proves a signed confirmation, and mentions an approval without a confirmation. */

import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { ORDER, openPackWorld } from '../../tests/support/pack-world.ts';
import { NOW } from '../../tests/support/signed-documents.ts';
import { approvalOf } from '../order/approver-key.ts';
import { PAYLOAD_TYPES } from '../order/documents.ts';
import { signerOf } from '../order/dsse.ts';
import { immediateText } from '../order/immediate-effect.ts';
import { pae } from '../order/pae.ts';
import { readRevision } from '../order/verify-list.ts';
import { checkImmediate } from './check-immediate.ts';
import { Findings } from './findings.ts';
import { verifyPack } from './verify-pack.ts';

it('proves the confirmation of a late approval, and says which late approval has none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-late-'));
  const { authority, remove } = testAuthority();
  const database = await openNewStore(join(folder, 'cordon.db'));
  const made = await openPackWorld(database, authority);
  try {
    const { world } = made;
    const { proposer, ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
    const { payload } = await world.orders.drafting.propose(proposer.id, {
      ...PROPOSAL,
      effective: new Date(NOW + 3_600_000).toISOString(),
    });
    await world.sign(ORDER, 1, ada);
    world.clock.jump(NOW + 7_200_000);
    await world.orders.adoption.approve(ben.id, ORDER, 1, approvalOf(ben.key, payload, { immediate: true }));
    const { valid, findings } = await verifyPack(await made.pack(ORDER), made.fingerprint());
    expect(valid).toBe(true);
    const about = findings.filter(({ words }) => words.includes('takes effect immediately'));
    expect(about.map(({ verdict }) => verdict)).toEqual(['proven']);
    expect(about[0]?.words).toContain(ben.key.keyid.slice(0, 12));
    // Ledger entries of a server that had accepted another approval.
    const bytes = Buffer.from(payload).toString('base64');
    const read = readRevision({ payloadType: PAYLOAD_TYPES.revision, payload: bytes, signatures: [] });
    const judged = (immediate?: string) => {
      const say = new Findings();
      const particulars = { keyid: ben.key.keyid, ...(immediate !== undefined && { immediate }) };
      const entry = { kind: 'order.approval', at: NOW + 7_200_000, subject: null, public: particulars } as const;
      const keys = new Map(world.orders.approverSets.current()?.keys.map((key) => [key.keyid, key]));
      checkImmediate('revisions/1.json', { ...read, payload, base: null }, [entry], keys, say);
      return say.all.map(({ verdict }) => verdict);
    };
    expect(judged()).toEqual(['unproven']);
    const stranger = signerOf(generateKeyPairSync('ed25519').privateKey);
    const text = pae(PAYLOAD_TYPES.immediateEffect, Buffer.from(immediateText(payload, read.digest)));
    expect(judged(stranger.sign(text).toString('base64'))).toEqual(['failed']);
  } finally {
    await made.stop();
    await database.close();
    remove();
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
