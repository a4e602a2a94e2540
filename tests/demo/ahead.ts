/** The file with the lead of the demo's clock over this machine's, in milliseconds. It lies beside the home of this machine's agent. */
export const aheadFileOf = (home: string): string => `${home}-ahead`;
