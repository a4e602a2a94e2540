/** Queries of the recovery pages. They repeat at an interval and after events, because devices respond one by one. */
import { continuationList, recoveryView } from '../../../shared/api/recovery.ts';
import { topicQuery } from '../client/queries.ts';

export const recoveryQuery = {
  ...topicQuery(['alerts', 'ledger'], '/recovery', recoveryView),
  refetchInterval: 5_000,
};

export const continuationsQuery = {
  ...topicQuery(['alerts', 'ledger'], '/recovery/ledger/continuations', continuationList),
  refetchInterval: 5_000,
};
