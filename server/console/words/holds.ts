/** What a legal hold does, in an admin's words. */
export const HOLD_MEANING =
  'While a legal hold stands, nothing of the device is destroyed: it cannot be wiped or unenrolled, no order’s exit reaches it, and what the server keeps of it stays however old it is. It opens nothing to anybody, and orders still deny it service.';
export const HOLD_STOPS = 'A legal hold stands: not before it is released.';
export const HOLD_LEFT_OUT =
  'Nothing of a held device is destroyed until whoever has the role legal or owner has released the hold.';
