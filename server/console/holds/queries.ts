/** What the console asks about legal holds. */
import { legalHoldPage } from '../../../shared/api/holds.ts';
import { withQuery } from '../client/call.ts';
import { question } from '../client/queries.ts';

const PAGE = 50;
const MOST_ON_ONE = 200;

export const holdsQuestion = (released: boolean, cursor: string | null) =>
  question(['devices'], withQuery('/legal-holds', { released, cursor, limit: PAGE }), legalHoldPage);
/** Those on the device or on its user, those that were released among them. */
export const holdsOnQuestion = (device: string) =>
  question(['devices'], withQuery('/legal-holds', { device, limit: MOST_ON_ONE }), legalHoldPage);
