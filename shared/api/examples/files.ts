/** Examples of files for the OpenAPI document. */
import { TIMES } from './story.ts';

export const fileView = {
  name: 'travel-rules.pdf',
  sha256: '5b1c0e3b6d1a4c58e7b2a9d0f6c4e1b8a7d5c3f2e1b0a9d8c7f6e5d4c3b2a190',
  size: 148_213,
  note: 'New rules for travel',
  uploadedAt: TIMES.now,
  uploadedBy: 'acc_a2b3c4d5e6f7g2h3',
};
export const fileList = { files: [fileView], people: { acc_a2b3c4d5e6f7g2h3: 'Ayesha' } };
export const fetchedFileList = {
  files: [
    {
      command: 'cmd_abcdefghijklmnop',
      name: 'expenses.csv',
      reason: 'Expenses of the fair in Lahore',
      at: TIMES.now,
      size: 4_213,
      deletedAt: TIMES.now + 7 * 86_400_000,
    },
  ],
};
