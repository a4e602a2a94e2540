import { visible } from '../text/visible-text.ts';

/** Text from other people: it keeps its own direction, cannot reorder the text beside it, and shows its hidden characters. */
export const Given = ({ children }: { readonly children: string }) => <bdi>{visible(children)}</bdi>;
