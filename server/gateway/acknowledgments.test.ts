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
  expect(acknowledgments.take()).toEqual({ had: null, reports: 9 });
  expect(acknowledgments.take()).toBeNull();
  acknowledgments.report(5);
  expect(acknowledgments.take()).toEqual({ had: null, reports: 9 });
});

it('stores document versions that the store does not have yet', () => {
  expect(begun().take()).toBeNull();
  const behind = begun(7, { ...VERSIONS, list: 2 });
  expect(behind.take()).toEqual({ had: VERSIONS, reports: null });
  behind.documents({ ...VERSIONS, list: 4 });
  expect([behind.storedList, behind.take()]).toEqual([4, { had: { ...VERSIONS, list: 4 }, reports: null }]);
});
