export const HOLD_MEANING =
  'A legal hold protects the data of a device. Nobody can wipe or unenroll the device. An exit (deletion of work data at the end of service) skips the device, and the server deletes none of its records. A legal hold grants no access, and orders still apply.';
export const HOLD_STOPS = 'A legal hold prevents this action. Release the legal hold first.';
export const HOLD_SKIPS_DEVICES =
  'A legal hold protects the data of these devices until an admin with the role legal or owner releases it.';
