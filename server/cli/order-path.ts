export const orderPath = (number: string): string => `/orders/${encodeURIComponent(number)}`;

export const revisionPath = (number: string, revision: number): string => `${orderPath(number)}/revisions/${revision}`;
