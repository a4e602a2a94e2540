/** Display name of a device: a short text that admins choose, such as `Reception, Lahore`. It never identifies a device. */
import { z } from 'zod';
import { HIDDEN } from '../text/hidden-characters.ts';

/** Characters (code points). The frames of the protocol allow two UTF-16 units for each. */
export const LONGEST_DISPLAY_NAME = 60;

/** Text of one line in Unicode NFC, with one space between words. */
export const displayNameSchema = z
  .string()
  .max(400)
  .transform((text) => text.normalize('NFC').replaceAll(/\s+/gu, ' ').trim())
  .pipe(
    z
      .string()
      .min(1, 'a name has at least one character')
      .refine(
        (name) => [...name].length <= LONGEST_DISPLAY_NAME,
        `a name has at most ${LONGEST_DISPLAY_NAME} characters`,
      )
      .refine((name) => !HIDDEN.test(name), 'a name has no hidden characters'),
  );
