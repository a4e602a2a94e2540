import { Page } from '../parts/page.tsx';
export function OrderPage() {
  return <Page title="Order">Not built yet.</Page>;
}
