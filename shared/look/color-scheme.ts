import { useMantineColorScheme } from '@mantine/core';

export function useColorScheme(): { readonly dark: boolean; readonly toggle: () => void } {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const dark = colorScheme === 'dark' || (colorScheme === 'auto' && matchMedia('(prefers-color-scheme: dark)').matches);
  return { dark, toggle: () => setColorScheme(dark ? 'light' : 'dark') };
}
