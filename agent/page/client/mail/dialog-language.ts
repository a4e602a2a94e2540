import type { DialogLanguage } from '../../../../shared/look/confirm.tsx';
import { MAIL_WORDS } from '../words/mail/mail-words.ts';
import { inReadersLanguage } from '../words/notice-words.ts';

/** Language of the dialogs about mail. A dialog is not inside the mail area, so it does not inherit the language. */
export const DIALOG_LANGUAGE: DialogLanguage = {
  ...inReadersLanguage,
  cancel: MAIL_WORDS.cancel,
  close: MAIL_WORDS.close,
};
