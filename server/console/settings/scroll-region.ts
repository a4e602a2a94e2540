/** Properties of a scrollable region. A name and the tab order make it reachable by keyboard. */
export const scrollRegion = (name: string) => ({ tabIndex: 0, role: 'region', 'aria-label': name }) as const;
