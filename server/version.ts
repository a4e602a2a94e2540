import manifest from '../package.json' with { type: 'json' };

/** Earliest plausible time. Each release sets this time to its own date or an earlier date. */
export const RELEASED = Date.parse('2026-11-01T00:00:00Z');

export const VERSION = manifest.version;
