export interface ScriptTables {
  scripts: { id: string; name: string; created_at: number };
  /**
   * Immutable version of a script. `body`: text. `memory` is in MiB, `output` in KiB. `payload`: statement that reviewers sign. `reviews`:
   * JSON of the reviewers' signatures. `author`: person. Times are of the server clock.
   */
  script_versions: {
    script_id: string;
    version: number;
    purpose: string;
    interpreter: string;
    body: string;
    seconds: number;
    memory: number;
    output: number;
    payload: string;
    digest: string;
    author: string;
    created_by: string;
    created_at: number;
    expires_at: number;
    reviews: string;
    withdrawn_at: number | null;
    withdrawn_by: string | null;
  };
  /** Piece of the output of a script. `byte_offset`: number of bytes of UTF-8 before it. `at`: time of the server's machine. */
  script_outputs: {
    command_id: string;
    byte_offset: number;
    device_id: string;
    bytes: number;
    text: string;
    at: number;
  };
}
