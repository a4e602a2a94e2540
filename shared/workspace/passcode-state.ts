/**
 * State of the workspace's passcode, as a device reports it. `waiting`: the workspace has waited for the passcode for at least an hour.
 */
export const PASSCODE_STATES = ['none', 'set', 'waiting'] as const;
export type PasscodeState = (typeof PASSCODE_STATES)[number];
