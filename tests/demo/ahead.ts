/** File with the lead of the demo's clock over this machine's clock, in milliseconds. It is beside the home of this machine's agent. */
export const aheadFileOf = (home: string): string => `${home}-ahead`;
