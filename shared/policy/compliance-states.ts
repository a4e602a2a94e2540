/**
 * Compliance of a device.
 * - `compliant`: the device meets every setting that it supports, and at least one.
 * - `in-grace`: a check failed, and the grace period of every failed setting still runs.
 * - `not-compliant`: the grace period of a failed setting has ended.
 * - `unknown`: no check failed, but the device has not reported all settings, could not check one, or supports none of them.
 * - `no-policy`: no policy applies to the device.
 */
export const COMPLIANCE_STATES = ['compliant', 'in-grace', 'not-compliant', 'unknown', 'no-policy'] as const;
export type ComplianceState = (typeof COMPLIANCE_STATES)[number];

/** States by which a list is filtered. `failing`: a check failed, so the device is in grace or not compliant. */
export const COMPLIANCE_FILTERS = [...COMPLIANCE_STATES, 'failing'] as const;
export type ComplianceFilter = (typeof COMPLIANCE_FILTERS)[number];
export const FAILING_STATES: readonly ComplianceState[] = ['in-grace', 'not-compliant'];
