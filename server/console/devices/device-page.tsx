import { Page } from '../parts/page.tsx';
export function DevicePage() {
  return <Page title="Device">Not built yet.</Page>;
}
