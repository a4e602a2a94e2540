/** Selection of the groups that a form offers. */

interface Kind {
  readonly expression: string | null;
  readonly trusted: boolean;
}

/** Groups to which people, activation codes and the primary groups of devices may belong. */
export const staticGroups = <G extends Kind>(groups: readonly G[]): G[] =>
  groups.filter(({ expression }) => expression === null);

/** Groups for roles and order exemptions, without dynamic groups whose devices could enter by a false report. */
export const trustedGroups = <G extends Kind>(groups: readonly G[]): G[] => groups.filter(({ trusted }) => trusted);
