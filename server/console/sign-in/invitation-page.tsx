export function InvitationPage(_: { readonly token: string; readonly done: () => void }) {
  return null;
}
