import { Page } from '../parts/page.tsx';
export function EnrolPage() {
  return <Page title="Enrol">Not built yet.</Page>;
}
