import { Page } from '../parts/page.tsx';
export function SettingsPage() {
  return <Page title="Settings">Not built yet.</Page>;
}
