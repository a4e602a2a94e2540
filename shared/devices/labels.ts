/** Labels of devices: short texts that admins choose, such as `kiosk` or `loan 2026`. */
import { z } from 'zod';
import { HIDDEN } from '../text/hidden-characters.ts';

export const MOST_LABELS = 20;
export const LONGEST_LABEL = 40;

/** Equal labels have one form: Unicode NFC, lower case, and one space between words. */
export const normalizedLabel = (text: string): string =>
  text.normalize('NFC').toLowerCase().replaceAll(/\s+/gu, ' ').trim();

export const labelSchema = z
  .string()
  .max(400)
  .transform(normalizedLabel)
  .pipe(
    z
      .string()
      .min(1, 'a label has at least one character')
      .refine((label) => [...label].length <= LONGEST_LABEL, `a label has at most ${LONGEST_LABEL} characters`)
      .refine((label) => !HIDDEN.test(label), 'a label has no hidden characters'),
  );
