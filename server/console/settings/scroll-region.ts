/** Properties of a scrollable region with a name, so that the keyboard can scroll it. */
export const scrollRegion = (name: string) => ({ tabIndex: 0, role: 'region', 'aria-label': name }) as const;
