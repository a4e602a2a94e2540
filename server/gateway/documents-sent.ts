/**
 * Signed documents and commands that the server has sent in one session. The server sends each document and each command once per session.
 */

export interface DocumentVersions {
  readonly list: number;
  readonly record: number;
  readonly approverSet: number;
}

export class DocumentsSent {
  #list = 0;
  #record = 0;
  #root = 0;
  #hello: DocumentVersions | null = null;
  #acceptsCorrections = false;
  /**
   * Ids of sent commands that the device has not confirmed. Most sessions have a single id, for which no set is created, to save memory.
   */
  #commands: Set<string> | string | null = null;

  begin(had: DocumentVersions, currentList: number): void {
    this.#hello = had;
    // If the device has a newer order list than the server, the server still sends its own list. The device then reports an alert.
    this.#list = had.list > currentList ? 0 : had.list;
    this.#record = had.record;
    this.#root = had.approverSet;
  }

  /** Document versions from the device's hello frame. A restored server finds devices with newer documents by these versions. */
  get hello(): DocumentVersions | null {
    return this.#hello;
  }

  get list(): number {
    return this.#list;
  }

  get record(): number {
    return this.#record;
  }

  get approverSet(): number {
    return this.#root;
  }

  sent(versions: Partial<DocumentVersions>): void {
    this.#list = versions.list ?? this.#list;
    this.#record = versions.record ?? this.#record;
    this.#root = versions.approverSet ?? this.#root;
  }

  /** Allows the frame `time-correction` for this session's agent. Older agents do not know the frame. */
  acceptCorrections(): void {
    this.#acceptsCorrections = true;
  }

  get acceptsCorrections(): boolean {
    return this.#acceptsCorrections;
  }

  addCommand(id: string): boolean {
    if (this.#commands === null) {
      this.#commands = id;
      return true;
    }
    if (typeof this.#commands === 'string') {
      if (this.#commands === id) return false;
      this.#commands = new Set([this.#commands]);
    }
    if (this.#commands.has(id)) return false;
    this.#commands.add(id);
    return true;
  }

  commandStored(id: string): void {
    if (this.#commands === id) this.#commands = null;
    else if (typeof this.#commands === 'object') this.#commands?.delete(id);
  }

  forgetCommands(): void {
    this.#commands = null;
  }
}
