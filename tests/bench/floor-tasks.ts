/** Messages between the benchmark and the floor program. */

/** Path of a relay. The floor passes each frame to the connection with the same name. On all other paths, it echoes frames. */
export const RELAY_PATH = '/relay/';

/** Path of durable reports. The floor stores each frame in a row and then responds. */
export const REPORT_PATH = '/report/';

/** Path of a durable relay. The floor stores each frame in a row before it passes the frame on. */
export const DURABLE_RELAY_PATH = '/durable-relay/';

export interface FloorStart {
  readonly do: 'start';
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
  /** Empty folder for the floor's database. */
  readonly folder: string;
}
export type FloorTask =
  | FloorStart
  /** Task of a fan-out. In `frame`, the floor replaces each `@` by an identifier of the connection. */
  | { readonly do: 'fan-out'; readonly frame: string }
  | { readonly do: 'enroll'; readonly csr: string; readonly times: number };
export type FloorAnswer = { readonly done: 'start'; readonly device: number; readonly open: number } | { done: 'task' };
