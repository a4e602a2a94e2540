import type { DeviceFrame } from '../../shared/protocol/frames.ts';

/** Features that this version of the agent announces in its `hello`. The server sends the commands of a feature only to agents with it. */
export const HELLO_FEATURES = {
  mail: true,
  inventory: true,
  jobs: true,
  queries: true,
  logs: true,
  scripts: true,
  software: true,
  power: true,
  files: true,
} as const satisfies Partial<Extract<DeviceFrame, { kind: 'hello' }>>;
