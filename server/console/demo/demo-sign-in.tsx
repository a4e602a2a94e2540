export function DemoSignIn(_: { readonly ticket: string; readonly done: () => void }) {
  return null;
}
