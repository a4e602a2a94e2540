/** Text that people gave: it keeps its own direction and cannot turn what stands beside it around. */
export const Given = ({ children }: { readonly children: string }) => <bdi>{children}</bdi>;
