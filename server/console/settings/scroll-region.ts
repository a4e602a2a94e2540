/** HTML attributes that make a scrollable region reachable by keyboard: a name and a place in the tab order. */
export const scrollRegion = (name: string) => ({ tabIndex: 0, role: 'region', 'aria-label': name }) as const;
