import type { z } from 'zod';
import type { createdCode } from '../../../shared/api/codes.ts';

export interface CreatedLink {
  readonly code: z.output<typeof createdCode>;
  readonly user: string;
  /** Number of the device's last enrollment (`generation`); 0 for a new device. */
  readonly after: number;
}
