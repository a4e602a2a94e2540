/** What the agent calls itself in `hello` and in its inventory. */
import manifest from '../package.json' with { type: 'json' };

export const AGENT_VERSION = `cordon-agent/${manifest.version}`;
