import manifest from '../package.json' with { type: 'json' };

/** No clock is right before this date. It is set at each release, to that release's date or an earlier one. */
export const RELEASED = Date.parse('2026-11-01T00:00:00Z');

export const VERSION = manifest.version;
