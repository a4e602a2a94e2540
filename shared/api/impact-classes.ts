/**
 * Classes into which the impact preview of an order sorts devices. This module imports no schema library, so that pages of the console load
 * fast.
 */

/**
 * Classes of devices in an impact preview. A device can be in several classes. The classes `borderline`, `unknown` and `visiting` are used
 * only if the order applies to devices by their present location or network.
 */
export const IMPACT_CLASSES = [
  'denied',
  /** Device that may be inside or outside the order's areas. The order's `contested` rule applies. */
  'borderline',
  /** Device with an unknown location. The order's `unknown` rule applies. */
  'unknown',
  /** Device in the order's areas with a home area elsewhere. A grace period of the order may still allow its services. */
  'visiting',
  /**
   * Device outside the order's areas with a home area inside them. Every impact preview counts such devices, because they may return to
   * these areas.
   */
  'traveling',
  'exempt',
  /**
   * Offline device whose services the order denies. Its stored order list contains the revision, so the device enforces the order without a
   * connection.
   */
  'offline_current',
  /**
   * Offline device whose services the order denies. Its stored order list lacks the revision, so the device enforces the order only after
   * it connects. Before the revision is adopted, all offline devices whose services the order denies are in this class.
   */
  'offline_behind',
  /**
   * Device that has not acknowledged any order list with this order, although the order denies its services. Its user would lose the
   * services without a notice.
   */
  'undelivered',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

/** Effect of a new revision on a device: newly affected, no longer affected, or affected with other services or reasons. */
export const IMPACT_CHANGES = ['newly_affected', 'no_longer_affected', 'changed'] as const;
export type ImpactChange = (typeof IMPACT_CHANGES)[number];
