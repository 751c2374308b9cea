import { useMediaQuery } from '@mantine/hooks';

/** Whether the screen is a phone's; the style sheets use the same width. */
export const usePhone = () =>
  useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false }) ?? false;
