import { visible } from '../text/visible-text.ts';

/** Text from other people: keeps its own direction, cannot reorder neighboring text, and shows its hidden characters. */
export const UserText = ({ children }: { readonly children: string }) => <bdi>{visible(children)}</bdi>;
