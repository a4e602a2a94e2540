/** A restored server accepts only signed and newer documents from a device. A hostile device cannot restore anything else. */
import { describe, expect, it } from 'vitest';
import { encodeCanonical } from '../../../shared/order/canonical.ts';
import { type DeviceRecord, type Envelope, PAYLOAD_TYPES, type Revision } from '../../../shared/order/documents.ts';
import { signEnvelope } from '../../../shared/order/dsse.ts';
import { commitmentOf, newSalt } from '../../../shared/order/exemption.ts';
import { readAccepted } from '../../../shared/order/verify-list.ts';
import type { Recollection } from '../../../shared/protocol/device-http.ts';
import { newDeviceId } from '../../../shared/protocol/ids.ts';
import {
  approverSetDocument,
  INSTALLATION,
  NOW,
  revisionDocument,
  signedApproverSet,
  signedList,
  signedRevision,
  TERMS,
  testKey,
  testPerson,
} from '../../../tests/support/signed-documents.ts';
import { recoverFrom } from './recovered-documents.ts';

const [ada, ben, cyd, eve] = ['ada', 'ben', 'cyd', 'eve'].map(testPerson) as [
  ReturnType<typeof testPerson>,
  ReturnType<typeof testPerson>,
  ReturnType<typeof testPerson>,
  ReturnType<typeof testPerson>,
];
const online = testKey();
const device = newDeviceId();
const first = signedApproverSet(approverSetDocument([ada, ben, cyd], online), [ada, ben]);
const nextDocument = approverSetDocument([ada, ben, eve], online, { version: 2, previous: first.approverSet.digest });
const second = signedApproverSet(nextDocument, [ada, ben]);

const proposed = revisionDocument();
const adopted = signedRevision(proposed, [ada, ben]);
const next = (changes: Partial<Revision>) =>
  revisionDocument({ revision: 2, previous: adopted.digest, action: 'withdraw', status: 'withdrawn', ...changes });
const withdrawn = signedRevision(next({}), [ada, ben]);
const other = signedRevision(revisionDocument({ order: '2015-002' }), [ada, cyd]);

const accepted = new Map([['2015-001', readAccepted(adopted, [first.approverSet])]]);
const nothing: Recollection = { approverSets: [], list: null, orders: [], record: null, checkpoint: null };
const recover = (recollection: Partial<Recollection>, known = accepted) =>
  recoverFrom({
    installation: INSTALLATION,
    device,
    generation: 1,
    chain: [first.approverSet],
    accepted: known,
    now: NOW,
    recollection: { ...nothing, ...recollection },
  });
const listOf = (orders: readonly Envelope[], key = online, changes = {}) =>
  signedList(orders, key, { version: 9, ...changes }).envelope;
const found = (recollection: Partial<Recollection>) =>
  recover(recollection).revisions.map(({ revision: { order, revision, status } }) => `${order}/${revision} ${status}`);
const codeOf = (recollection: Partial<Recollection>): unknown => {
  try {
    return found(recollection);
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
};

describe('revisions', () => {
  it.each<[string, Partial<Recollection>, unknown]>([
    ['a withdrawal in an order list of this server', { list: listOf([withdrawn]) }, ['2015-001/2 withdrawn']],
    ['an order that the server lacks', { list: listOf([adopted, other]) }, ['2015-002/1 active']],
    ['a revision that the server has', { list: listOf([adopted]) }, []],
    ['an order that the list leaves out', { list: listOf([]) }, []],
    ['a withdrawal without a list, by approvers of the newest set', { orders: [withdrawn] }, ['2015-001/2 withdrawn']],
    [
      'the same revision with and without a list',
      { list: listOf([withdrawn]), orders: [withdrawn] },
      ['2015-001/2 withdrawn'],
    ],
    ['an order list that another key signed', { list: listOf([withdrawn], testKey()) }, 'signature_invalid'],
    [
      'a list of another installation',
      { list: listOf([withdrawn], online, { installation: 'ins_x' }) },
      'list_other_installation',
    ],
    [
      'an order list under an unknown approver set',
      { list: listOf([withdrawn], online, { approverSet: 5 }) },
      'approver_set_older',
    ],
    ['a revision that one approver signed', { list: listOf([signedRevision(next({}), [ada])]) }, []],
    ['a revision that one approver signed twice', { orders: [signedRevision(next({}), [ada, ada])] }, []],
    ['a revision that its proposer signed', { orders: [signedRevision(next({ proposer: 'ben' }), [ada, ben])] }, []],
    ['a revision that strangers signed', { list: listOf([signedRevision(next({}), [eve, testPerson('mal')])]) }, []],
    ['an unsigned revision', { orders: [signedRevision(next({}), [])] }, []],
    [
      'a revision of another installation',
      { orders: [signedRevision(next({ installation: 'ins_x' }), [ada, ben])] },
      [],
    ],
    [
      'another document of the known revision',
      { list: listOf([signedRevision({ ...proposed, terms: { ...TERMS, title: 'X' } }, [ada, ben])]) },
      [],
    ],
    [
      'a document that is no revision',
      { orders: [{ ...withdrawn, payload: Buffer.from('{}').toString('base64') }] },
      'document_malformed',
    ],
  ])('%s', (_name, recollection, expected) => expect(codeOf(recollection)).toEqual(expected));

  it('are never older than those of the server', () => {
    const known = new Map([['2015-001', readAccepted(withdrawn, [first.approverSet])]]);
    expect(recover({ list: listOf([adopted]), orders: [adopted] }, known).revisions).toEqual([]);
  });

  it('have only the signatures that count', () => {
    const signed = signedRevision(next({}), [ada, ben, eve]);
    const [recovered] = recover({ list: listOf([signed]) }).revisions;
    expect(recovered?.signatures.map(({ person }) => person).sort()).toEqual(['ada', 'ben']);
    expect(recovered?.listedAt).toBe(NOW + 3_600_000);
  });

  it('include the paused revision of a one-person pause', () => {
    const paused = { action: 'pause', status: 'paused', pausedSince: new Date(NOW).toISOString() } as const;
    const hold = signedRevision(revisionDocument({ ...paused, revision: 2, previous: adopted.digest }), [ada]);
    const list = listOf([adopted, hold]);
    expect(recover({ list }).revisions.map(({ revision }) => revision.revision)).toEqual([2]);
    expect(recover({ list }, new Map()).revisions.map(({ revision }) => revision.revision)).toEqual([1, 2]);
    expect(recover({ orders: [hold] }).revisions).toEqual([]);
  });
});

describe('approver sets', () => {
  it('are accepted if the threshold of the previous set has signed them', () => {
    const { approverSets } = recover({ approverSets: [first.envelope, second.envelope] });
    expect(approverSets.map(({ approverSet }) => approverSet.approvers.version)).toEqual([2]);
  });

  it('confirm revisions that they signed', () => {
    const signed = signedRevision(next({}), [ada, eve]);
    const list = listOf([signed], online, { approverSet: 2 });
    expect(found({ approverSets: [second.envelope], list })).toEqual(['2015-001/2 withdrawn']);
    expect(codeOf({ list })).toBe('approver_set_older');
  });

  it.each<[string, readonly Envelope[], string]>([
    ['signed by too few', [signedApproverSet(nextDocument, [ada]).envelope], 'threshold_not_met'],
    [
      'signed only by its own members',
      [
        signedApproverSet(
          { ...nextDocument, approvers: approverSetDocument([eve, testPerson('mal')], online).approvers },
          [eve],
        ).envelope,
      ],
      'threshold_not_met',
    ],
    [
      'that skips a version',
      [signedApproverSet({ ...nextDocument, version: 3, previous: second.approverSet.digest }, [ada, ben]).envelope],
      'approver_set_older',
    ],
    [
      'that is another first set',
      [signedApproverSet(approverSetDocument([eve, testPerson('mal')], online), [eve]).envelope],
      'list_forked',
    ],
  ])('rejects a set %s', (_name, approverSets, code) => expect(codeOf({ approverSets: [...approverSets] })).toBe(code));

  it('are rejected by a server without any set, because nothing confirms the first one', () => {
    const input = { installation: INSTALLATION, device, generation: 1, chain: [], accepted: new Map(), now: NOW };
    const recollection = { ...nothing, approverSets: [first.envelope], orders: [withdrawn] };
    expect(recoverFrom({ ...input, recollection })).toMatchObject({ approverSets: [], revisions: [] });
  });
});

describe('device record', () => {
  const salt = newSalt();
  const exempting = signedRevision(
    next({ action: 'revise', status: 'active', exempt: [{ commitment: commitmentOf(salt, device), until: null }] }),
    [ada, ben],
  );
  const record = (changes: Partial<DeviceRecord> = {}, key = online): Envelope =>
    signEnvelope(
      PAYLOAD_TYPES.record,
      encodeCanonical({
        installation: INSTALLATION,
        device,
        generation: 1,
        version: 3,
        home: 'PK',
        seat: null,
        group: 'g',
        exemptions: [{ order: '2015-001', salt }],
        statement: null,
        issuedAt: new Date(NOW).toISOString(),
        ...changes,
      }),
      [key],
    );
  const exemptions = (envelope: Envelope) => recover({ list: listOf([exempting]), record: envelope }).exemptions.length;

  it.each<[string, Envelope, number]>([
    ['opens the exemption that approvers signed', record(), 1],
    ['of another device', record({ device: newDeviceId() }), 0],
    ['of an earlier enrollment', record({ generation: 2 }), 0],
    ['that another server signed', record({}, testKey()), 0],
    ['with a salt that opens no commitment', record({ exemptions: [{ order: '2015-001', salt: newSalt() }] }), 0],
    ['with an order without exemptions', record({ exemptions: [{ order: '2015-002', salt }] }), 0],
  ])('%s', (_name, envelope, count) => expect(exemptions(envelope)).toBe(count));
});
