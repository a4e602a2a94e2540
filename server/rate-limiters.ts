/** Rate limiters in memory. The package's main file loads a limiter for each database, which costs 25 ms of CPU time at each start. */
import { createRequire } from 'node:module';
import type { RateLimiterMemory as Limiter, RateLimiterRes as Refusal } from 'rate-limiter-flexible';

const load = createRequire(import.meta.url);

export const RateLimiterMemory: typeof Limiter = load('rate-limiter-flexible/lib/RateLimiterMemory.js');
export type RateLimiterMemory = Limiter;
/** Thrown by `consume` if the limit is exceeded. */
export const RateLimiterRes: typeof Refusal = load('rate-limiter-flexible/lib/RateLimiterRes.js');
