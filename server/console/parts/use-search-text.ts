/** Text of a search field that becomes part of the page's address. */
import { useDebouncedCallback } from '@mantine/hooks';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useState } from 'react';

const PAUSE = 250;

/**
 * Returns the typed text and its setter. `text`: text in the page's address. `search`: changes the address; it gets the trimmed text after
 * a pause in typing of 250 ms.
 */
export function useSearchText(
  text: string,
  search: (text: string) => void,
): readonly [typed: string, change: (typed: string) => void] {
  const { history } = useRouter();
  const [typed, setTyped] = useState(text);
  const searchLater = useDebouncedCallback((value: string, page: string) => {
    // During the pause, the user can open another page, which first loads its code. A new address of this page would cancel that.
    if (history.location.pathname === page) search(value.trim());
  }, PAUSE);
  // If the text in the page address changes, for example by the browser's back button, show the new text in the field.
  useEffect(() => {
    setTyped((before) => (before.trim() === text ? before : text));
  }, [text]);
  const change = (value: string) => {
    setTyped(value);
    searchLater(value, history.location.pathname);
  };
  return [typed, change];
}
