/** Classes of the impact preview, without schemas so that a page can show them at low cost. */

/**
 * Relation of a device to an order. A device can be in several classes, and a device in no class is not counted. Locations count by the
 * rules of the verdict. Therefore an order without the nexus `present` or `network` has no borderline, unknown or visiting devices.
 */
export const IMPACT_CLASSES = [
  /** The order denies at least one service. */
  'denied',
  /** The device may be inside or outside the order's areas, so the order's `contested` rule decides. */
  'borderline',
  /** The location is unknown, so the order's `unknown` rule decides. */
  'unknown',
  /** Present in the order's areas, with a home area elsewhere. The grace period of the order may still allow its services. */
  'visiting',
  /** At home in the order's areas and now elsewhere, for any nexus. The device may return. */
  'traveling',
  'exempt',
  /** Denied and offline. The stored order list contains the revision, so the device enforces it without a connection. */
  'offline_current',
  /**
   * Denied and offline. No stored order list contains the revision, so the device learns of it when it connects. Before adoption this is
   * every offline device.
   */
  'offline_behind',
  /**
   * Denied, and the device has not acknowledged any list with a revision of this order: its user would lose the service without a notice.
   * Before adoption this is every denied device.
   */
  'undelivered',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

/** Change between two revisions for a device: newly affected, no longer affected, or affected with other services or reasons. */
export const IMPACT_CHANGES = ['newly_affected', 'no_longer_affected', 'changed'] as const;
export type ImpactChange = (typeof IMPACT_CHANGES)[number];
