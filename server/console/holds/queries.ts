import { legalHoldPage } from '../../../shared/api/holds.ts';
import { withQuery } from '../client/call.ts';
import { topicQuery } from '../client/queries.ts';

const PAGE = 50;
const MOST_ON_ONE = 200;

export const holdsQuery = (released: boolean, cursor: string | null) =>
  topicQuery(['devices'], withQuery('/legal-holds', { released, cursor, limit: PAGE }), legalHoldPage);
/** Query of the legal holds on a device or on its user, including released legal holds. */
export const deviceHoldsQuery = (device: string) =>
  topicQuery(['devices'], withQuery('/legal-holds', { device, limit: MOST_ON_ONE }), legalHoldPage);
