/**
 * File that contains how far the demo's clock is ahead of this machine's clock, in milliseconds. It lies beside the home folder of this
 * machine's agent.
 */
export const aheadFileOf = (home: string): string => `${home}-ahead`;
