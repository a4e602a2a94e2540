/** Signed documents and commands that the server has sent in one session. It sends each of them only once in a session. */

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
  #commands: Set<string> | null = null;

  /** Starts the record for a session. `had` has the document versions from the device's hello frame. */
  begin(had: DocumentVersions, currentList: number): void {
    this.#hello = had;
    // If the device has a newer order list than the server, forget the device's version, so that the server sends its own list. The device
    // then reports an alert.
    this.#list = had.list > currentList ? 0 : had.list;
    this.#record = had.record;
    this.#root = had.approverSet;
  }

  /** Document versions from the device's hello frame. A restored server uses them to request documents that are newer than its own. */
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

  /** Allows the frame `time-correction`, which old agents do not know. */
  acceptCorrections(): void {
    this.#acceptsCorrections = true;
  }

  get acceptsCorrections(): boolean {
    return this.#acceptsCorrections;
  }

  /** Marks a command as sent. Returns false if the command was already sent. */
  addCommand(id: string): boolean {
    this.#commands ??= new Set();
    if (this.#commands.has(id)) return false;
    this.#commands.add(id);
    return true;
  }

  commandStored(id: string): void {
    this.#commands?.delete(id);
  }

  /** Makes the next delivery send all unacknowledged commands again. */
  forgetCommands(): void {
    this.#commands = null;
  }
}
