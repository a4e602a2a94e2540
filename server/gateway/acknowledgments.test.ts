import { expect, it } from 'vitest';
import { Acknowledgments } from './acknowledgments.ts';

const VERSIONS = { list: 3, record: 2, approverSet: 1 };

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
  expect(acknowledgments.take()).toEqual({ had: null, reports: 9, marked: false });
  expect(acknowledgments.take()).toBeNull();
  acknowledgments.report(5);
  expect(acknowledgments.take()).toEqual({ had: null, reports: 9, marked: false });
});

it('stores document versions that the store does not have yet', () => {
  expect(begun().take()).toBeNull();
  const behind = begun(7, { ...VERSIONS, list: 2 });
  expect(behind.take()).toEqual({ had: VERSIONS, reports: null, marked: false });
  behind.documents({ ...VERSIONS, list: 4 });
  expect([behind.storedList, behind.take()]).toEqual([
    4,
    { had: { ...VERSIONS, list: 4 }, reports: null, marked: false },
  ]);
});

it('needs no further write for a report that the store has marked as stored, unless more has arrived', () => {
  const acknowledgments = begun();
  acknowledgments.report(8, { marked: true });
  expect(acknowledgments.take()).toEqual({ had: null, reports: 8, marked: true });
  acknowledgments.report(9);
  expect(acknowledgments.take()).toEqual({ had: null, reports: 9, marked: false });
  acknowledgments.report(10, { marked: true });
  acknowledgments.documents(VERSIONS);
  expect(acknowledgments.take()).toEqual({ had: VERSIONS, reports: 10, marked: false });
});

it('lets the store mark no report while an earlier write is unfinished', async () => {
  const acknowledgments = begun();
  expect(acknowledgments.mayMark).toBe(true);
  acknowledgments.waitFor(Promise.resolve());
  expect(acknowledgments.mayMark).toBe(false);
  await acknowledgments.settled();
  expect(acknowledgments.mayMark).toBe(true);
});
