/** Time after which a proposal without enough approvals expires, in milliseconds. */
export const PROPOSAL_LIFETIME = 14 * 24 * 3_600_000;

export const PROPOSAL_ENDS = ['expired', 'retracted', 'declined'] as const;
export type ProposalEnd = (typeof PROPOSAL_ENDS)[number];

export const isProposalEnd = (state: string): state is ProposalEnd => PROPOSAL_ENDS.some((each) => each === state);
