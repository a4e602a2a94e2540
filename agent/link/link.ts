/** The link's states, as `status` tells them. */
export const LINK_STATES = [
  'stopped',
  'connecting',
  'connected',
  /** Lost or never made; waiting for the next attempt. */
  'waiting',
  /** `management` is denied by an order: the device polls the list and knocks. */
  'refused',
  /** The certificate is revoked, superseded or unknown: nothing is tried any more. */
  'revoked',
] as const;
export type LinkState = (typeof LINK_STATES)[number];
