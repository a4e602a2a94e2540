/** HTML attributes of a scrollable region. A name and a place in the tab order make the region reachable by keyboard. */
export const scrollRegion = (name: string) => ({ tabIndex: 0, role: 'region', 'aria-label': name }) as const;
