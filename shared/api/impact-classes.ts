/**
 * Classes into which the impact preview of an order sorts devices. This module imports no schema library, so that pages of the console load
 * fast.
 */

/**
 * Classes of devices in the impact preview of an order. A device can be in several classes. The classes `borderline`, `unknown` and
 * `visiting` are used only if the order applies to devices by their present location or network.
 */
export const IMPACT_CLASSES = [
  'denied',
  /**
   * Device that may be inside or outside the areas of the previewed order. The order's rule `contested` decides whether the order suspends
   * services for such a device.
   */
  'borderline',
  /**
   * Device with an unknown location. The rule `unknown` of the previewed order decides whether the order suspends services for such a
   * device.
   */
  'unknown',
  /**
   * Device in the areas of the previewed order with a home area elsewhere. A grace period of the order may still allow the device's
   * services.
   */
  'visiting',
  /**
   * Device outside the areas of the previewed order with a home area inside these areas. Every impact preview counts such devices, because
   * they may return to these areas.
   */
  'traveling',
  'exempt',
  /**
   * Offline device whose services the previewed order suspends. The order list on the device contains the previewed revision of the order,
   * so the device enforces this revision without a connection.
   */
  'offline_current',
  /**
   * Offline device whose services the previewed order suspends. The order list on the device lacks the previewed revision of the order, for
   * example because the revision is not adopted yet. The device enforces an adopted revision only after it connects.
   */
  'offline_behind',
  /**
   * Device whose services the previewed order suspends, without a receipt for any revision of the order. The device's user would lose the
   * services without a notice.
   */
  'undelivered',
] as const;
export type ImpactClass = (typeof IMPACT_CLASSES)[number];

/** Effect of a new revision on a device: newly affected, no longer affected, or affected with other services or reasons. */
export const IMPACT_CHANGES = ['newly_affected', 'no_longer_affected', 'changed'] as const;
export type ImpactChange = (typeof IMPACT_CHANGES)[number];
