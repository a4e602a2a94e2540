export interface OpeningTables {
  /** Subjects whose ledger entries an admin has identified in the last 24 hours. `reader_id`: canonical id of the person (ADR 33). */
  opening_readings: { reader_id: string; subject: string; at: number };
}
