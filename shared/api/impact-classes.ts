/** Classes of the impact preview. This module imports no schema library, so that pages load fast. */

/**
 * Relations of a device to an order, by the rules of the verdict. A device can have several; a device without a relation is not counted. An
 * order without the nexus `present` or `network` has no borderline, unknown or visiting devices.
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
  /** Device with a home in the order's areas, and elsewhere now. The device may return, so every nexus counts it. */
  'traveling',
  'exempt',
  /**
   * Offline device whose services the order denies. Its stored order list contains the revision, so it enforces the order without a
   * connection.
   */
  'offline_current',
  /**
   * Offline device whose services the order denies. Its stored order list lacks the revision, so it enforces the order only after it
   * connects. Before adoption, the class has every denied offline device.
   */
  'offline_behind',
  /**
   * Denied device that has not acknowledged any order list with a revision of this order. Its user would lose the service without a notice.
   * Before adoption, the class has every denied device.
   */
  'undelivered',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

/** Effect of a new revision on a device: newly affected, no longer affected, or affected with other services or reasons. */
export const IMPACT_CHANGES = ['newly_affected', 'no_longer_affected', 'changed'] as const;
export type ImpactChange = (typeof IMPACT_CHANGES)[number];
