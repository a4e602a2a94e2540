/** Loads the signed texts of an order's revisions and parses them. */
import { useQueries } from '@tanstack/react-query';
import type { OrderView } from '../../../shared/api/orders.ts';
import { describeRevision } from '../../../shared/order/describe-revision.ts';
import type { Revision } from '../../../shared/order/documents.ts';
import { revisionTextQuery } from './queries.ts';
import { type Difference, differences } from './revision-difference.ts';

export interface RevisionTexts {
  readonly documents: ReadonlyMap<number, Revision>;
  /**
   * Changes in a revision, compared with the previous revision. Null for the first revision. Undefined if one of the two texts is not
   * available.
   */
  changes(revision: number): readonly Difference[] | null | undefined;
}

function read(order: string, revision: number, payload: string): Revision | null {
  try {
    return describeRevision(payload, { order, revision }).document;
  } catch {
    // The page omits the changes of an unreadable revision. The approval dialog reads the revision again and explains the error.
    return null;
  }
}

export function useRevisionTexts({ number, revisions }: Pick<OrderView, 'number' | 'revisions'>): RevisionTexts {
  const queries = useQueries({ queries: revisions.map(({ revision }) => revisionTextQuery(number, revision)) });
  const documents = new Map<number, Revision>();
  for (const [index, { revision }] of revisions.entries()) {
    const payload = queries[index]?.data?.payload;
    const document = payload === undefined ? null : read(number, revision, payload);
    if (document) documents.set(revision, document);
  }
  return {
    documents,
    changes(revision) {
      const document = documents.get(revision);
      if (!document) return undefined;
      const replaced = revisions.find(({ digest }) => digest === document.previous)?.revision ?? revision - 1;
      if (replaced === 0) return null;
      const before = documents.get(replaced);
      return before && differences(before, document);
    },
  };
}
