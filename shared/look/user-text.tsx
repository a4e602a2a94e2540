import { visible } from '../text/visible-text.ts';

/** Text from other people. It keeps its own writing direction, cannot reorder the text around it, and shows its hidden characters. */
export const UserText = ({ children }: { readonly children: string }) => <bdi>{visible(children)}</bdi>;
