import manifest from '../package.json' with { type: 'json' };

/** Earliest plausible time. Each release sets it to its own date or an earlier one. */
export const RELEASED = Date.parse('2026-11-01T00:00:00Z');

export const VERSION = manifest.version;
