/** Returns true on a narrow screen, where the device list consists of cards. The style sheet uses the same screen width as its limit. */
import { useMediaQuery } from '@mantine/hooks';

export const usePhone = (): boolean =>
  useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false;
