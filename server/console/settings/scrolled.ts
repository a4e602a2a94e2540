/** What is wider than a narrow window scrolls by itself, by the keyboard too, under a name of its own. */
export const scrolled = (name: string) => ({ tabIndex: 0, role: 'region', 'aria-label': name }) as const;
