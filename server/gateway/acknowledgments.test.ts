import { expect, it } from 'vitest';
import { newDeviceId } from '../../shared/protocol/ids.ts';
import type { ReceiptRow } from '../orders/ports.ts';
import { Acknowledgments } from './acknowledgments.ts';

const VERSIONS = { list: 3, record: 2, approverSet: 1 };

function receiptRow(seq: number): ReceiptRow {
  const device = newDeviceId();
  const about = { installation: 'test', device, generation: 1, listVersion: 1, order: '2015-001', revision: 1 };
  const receipt = { ...about, kind: 'delivered', service: null, gate: null, at: new Date(seq).toISOString() } as const;
  const envelope = { payloadType: 'receipt', payload: '', signatures: [] };
  return { device, generation: 1, seq, receipt, storedAt: 1, envelope };
}

function begun(reports = 7, known = VERSIONS) {
  const acknowledgments = new Acknowledgments();
  acknowledgments.begin(reports, VERSIONS, known);
  return acknowledgments;
}

it('acknowledges the highest report once, and a repeated report again', () => {
  const acknowledgments = begun();
  expect([acknowledgments.isNew(7), acknowledgments.isNew(8), acknowledgments.take()]).toEqual([false, true, null]);
  acknowledgments.report(9);
  acknowledgments.report(8);
  expect(acknowledgments.take()).toEqual({ had: null, receipts: [], reports: 9, marked: false });
  expect(acknowledgments.take()).toBeNull();
  acknowledgments.report(5);
  expect(acknowledgments.take()).toEqual({ had: null, receipts: [], reports: 9, marked: false });
});

it('stores document versions that the store does not have yet', () => {
  expect(begun().take()).toBeNull();
  const behind = begun(7, { ...VERSIONS, list: 2 });
  expect(behind.take()).toEqual({ had: VERSIONS, receipts: [], reports: null, marked: false });
  behind.documents({ ...VERSIONS, list: 4 });
  expect([behind.storedList, behind.take()]).toEqual([
    4,
    { had: { ...VERSIONS, list: 4 }, receipts: [], reports: null, marked: false },
  ]);
});

it('needs no further write for a report that the store has marked as stored, unless more has arrived', () => {
  const acknowledgments = begun();
  acknowledgments.report(8, { marked: true });
  expect(acknowledgments.take()).toEqual({ had: null, receipts: [], reports: 8, marked: true });
  acknowledgments.report(9);
  expect(acknowledgments.take()).toEqual({ had: null, receipts: [], reports: 9, marked: false });
  acknowledgments.report(10, { marked: true });
  acknowledgments.documents(VERSIONS);
  expect(acknowledgments.take()).toEqual({ had: VERSIONS, receipts: [], reports: 10, marked: false });
});

it('lets the store mark no report while an earlier write is unfinished', async () => {
  const acknowledgments = begun();
  expect(acknowledgments.mayMark).toBe(true);
  acknowledgments.waitFor(Promise.resolve());
  expect(acknowledgments.mayMark).toBe(false);
  await acknowledgments.settled();
  expect(acknowledgments.mayMark).toBe(true);
});

it('returns the receipts of several frames once, and lets the store mark no report before they are stored', () => {
  const acknowledgments = begun();
  const [first, second] = [receiptRow(1), receiptRow(2)];
  acknowledgments.receipt(first);
  expect(acknowledgments.mayMark).toBe(false);
  acknowledgments.report(8);
  acknowledgments.receipt(second);
  acknowledgments.report(9);
  expect(acknowledgments.take()).toEqual({ had: null, receipts: [first, second], reports: 9, marked: false });
  expect([acknowledgments.mayMark, acknowledgments.take()]).toEqual([true, null]);
});

it('has onlyDocuments true if only versions of documents are unconfirmed', async () => {
  const acknowledgments = begun();
  expect(acknowledgments.onlyDocuments).toBe(false);
  acknowledgments.documents(VERSIONS);
  expect(acknowledgments.onlyDocuments).toBe(true);
  acknowledgments.waitFor(Promise.resolve());
  expect(acknowledgments.onlyDocuments).toBe(false);
  await acknowledgments.settled();
  acknowledgments.report(8);
  expect(acknowledgments.onlyDocuments).toBe(false);
});
