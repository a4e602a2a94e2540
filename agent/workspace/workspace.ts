export interface WipeReport {
  readonly filesRemoved: number;
  readonly bytesOverwritten: number;
  /** What a second look at the disk confirmed, in words. */
  readonly verified: readonly string[];
}

export type WorkspaceState = 'open' | 'locked' | 'wiped';

export interface Workspace {
  state(): WorkspaceState;
  put(name: string, content: Buffer): Promise<void>;
  get(name: string): Promise<Buffer>;
  list(): Promise<readonly { name: string; size: number }[]>;
  lock(): Promise<void>;
  /** Also makes a fresh, empty workspace after a wipe. */
  unlock(): Promise<void>;
  wipe(): Promise<WipeReport>;
}
