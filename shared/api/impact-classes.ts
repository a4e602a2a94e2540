/** Classes of the impact preview. This module imports no schema library, so that pages load fast. */

/**
 * Relations of a device to an order, by the rules of the verdict. A device can have several relations; a device without a relation is not
 * counted. Borderline, unknown and visiting devices exist only if the order's nexus (required connection with an area) includes `present`
 * or `network`.
 */
export const IMPACT_CLASSES = [
  /** Device to which the order denies at least one service. */
  'denied',
  /** Device that may be inside or outside the order's areas. The order's `contested` rule decides about it. */
  'borderline',
  /** Device with an unknown location. The order's `unknown` rule decides about it. */
  'unknown',
  /** Device present in the order's areas, with a home area elsewhere. The order's grace period may still allow its services. */
  'visiting',
  /**
   * Device with a home area in the order's areas that is now outside these areas. The device may return, so it is counted whatever
   * connection with the areas the order requires.
   */
  'traveling',
  'exempt',
  /**
   * Offline device whose services the order denies. Its stored order list contains the revision, so it enforces the order without a
   * connection.
   */
  'offline_current',
  /**
   * Offline device whose services the order denies. Its stored order list lacks the revision, so it enforces the order only after it
   * connects. Before the revision is adopted, this class contains every offline device whose services the order denies.
   */
  'offline_behind',
  /**
   * Device whose services the order denies, and that has not acknowledged any order list with a revision of this order. Its user would lose
   * the service without a notice. Before the revision is adopted, this class contains every device whose services the order denies.
   */
  'undelivered',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

/** Effect of a new revision on a device: newly affected, no longer affected, or affected with other services or reasons. */
export const IMPACT_CHANGES = ['newly_affected', 'no_longer_affected', 'changed'] as const;
export type ImpactChange = (typeof IMPACT_CHANGES)[number];
