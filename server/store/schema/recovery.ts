import type { Flag } from './flag.ts';

export interface RecoveryTables {
  /**
   * Certificates that the table `certificates` lacks, because the server issued them after the restored backup was made. A row moves to
   * `certificates` when an admin readmits or rejects the certificate.
   */
  lost_certificates: {
    serial: string;
    fingerprint: string | null;
    /** Device that the certificate names; null until a device has connected with the certificate. */
    device_id: string | null;
    generation: number | null;
    der: string | null;
    not_after: number | null;
    /** 1 if the copy of the public ledger that the restore used records the issue of this row's certificate and no revocation of it. */
    published: Flag;
    seen_at: number | null;
  };
  /**
   * Devices' responses when the server asked for the newest ledger tree that they verified. `size` and `root` (hex) are null for a device
   * without a verified tree.
   */
  recovery_responses: {
    device_id: string;
    at: number;
    size: number | null;
    root: string | null;
    result: 'contained' | 'not_contained' | 'lost' | 'none' | 'unreadable';
    origin: string | null;
  };
}
