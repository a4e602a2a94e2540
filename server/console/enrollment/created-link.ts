import type { z } from 'zod';
import type { createdCode } from '../../../shared/api/codes.ts';

export interface CreatedLink {
  readonly code: z.output<typeof createdCode>;
  readonly user: string;
  /** Generation of the device's last enrollment; 0 for a new device. */
  readonly after: number;
}
