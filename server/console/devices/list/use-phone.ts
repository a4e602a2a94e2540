/** Returns true on a narrow screen, where the device list consists of cards. The style sheet has the same width limit. */
import { useMediaQuery } from '@mantine/hooks';

export const usePhone = (): boolean =>
  useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) ?? false;
